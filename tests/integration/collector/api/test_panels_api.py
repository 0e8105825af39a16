"""Panel readings: buckets and raw pages with answers worked out by hand."""

import re
from datetime import UTC, datetime, timedelta

import pytest

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RANGE = {"start_time": "2026-06-01T12:00:00Z", "end_time": "2026-06-01T13:00:00Z"}


@pytest.fixture
def store(rows, sites):
    """Store readings of a panel: (time, watts) pairs."""

    def put(panel, readings, *, site="alpha"):
        key = rows(
            "INSERT INTO panel (site_key, panel) VALUES (%s, %s) ON CONFLICT (site_key, panel) "
            "DO UPDATE SET panel = excluded.panel RETURNING panel_key",
            sites[site],
            panel,
        )[0][0]
        for time, watts in readings:
            milliwatts = None if watts is None else round(watts * 1000)
            rows(
                "INSERT INTO reading_raw VALUES (%s, %s, 25300, 48200, 8500, %s, 0)",
                key,
                time,
                milliwatts,
            )

    return put


async def test_an_hour_of_two_minutes_has_their_mean_and_the_energy_of_covered_time(store, get):
    # Minute 0: 100 and 300 W, mean 200 W. Minute 1: 400 W. Over a minute each: (200 + 400) / 60 Wh.
    store("PANEL-001", [(NOON, 100), (NOON + timedelta(seconds=30), 300)])
    store("PANEL-001", [(NOON + timedelta(minutes=1), 400)])
    answer = await get("/api/panels/PANEL-001/readings", **RANGE)
    assert answer.status_code == 200
    assert answer.json() == [
        {
            "panel_id": "PANEL-001",
            "timestamp": "2026-06-01T12:00:00Z",
            "avg_power": pytest.approx(800 / 3),
            "max_power": 400.0,
            "min_power": 100.0,
            "avg_temperature": pytest.approx(25.3),
            "avg_voltage": pytest.approx(48.2),
            "avg_current": pytest.approx(8.5),
            "energy_wh": pytest.approx(10.0),
            "samples": 3,
            "coverage": pytest.approx(2 / 60),
        }
    ]


async def test_buckets_come_newest_first_and_the_first_is_whole(store, get):
    store("PANEL-001", [(NOON + timedelta(minutes=m), m) for m in (1, 7, 12)])
    answer = await get(
        "/api/panels/PANEL-001/readings",
        start_time="2026-06-01T12:03:00Z",
        end_time="2026-06-01T12:12:01Z",
        interval="5m",
    )
    assert [(row["timestamp"][11:16], row["avg_power"]) for row in answer.json()] == [
        ("12:10", 12.0),
        ("12:05", 7.0),
        ("12:00", 1.0),
    ]


@pytest.mark.parametrize(
    ("interval", "count"),
    [
        *[("1m", 3), ("5m", 3), ("10m", 2), ("15m", 1), ("30m", 1), ("1h", 1), ("2h", 1)],
        *[("3h", 1), ("6h", 1), ("12h", 1), ("1d", 1)],
    ],
)
async def test_every_interval_keeps_all_samples_and_all_energy(store, get, interval, count):
    store("PANEL-001", [(NOON + timedelta(minutes=m), 60) for m in (1, 7, 12)])
    rows = (await get("/api/panels/PANEL-001/readings", interval=interval, **RANGE)).json()
    assert len(rows) == count
    assert sum(row["samples"] for row in rows) == 3
    assert sum(row["energy_wh"] for row in rows) == pytest.approx(3.0)


async def test_a_reading_without_power_has_no_mean_and_no_energy(store, get):
    store("PANEL-001", [(NOON, None)])
    (row,) = (await get("/api/panels/PANEL-001/readings", **RANGE)).json()
    assert (row["avg_power"], row["energy_wh"], row["samples"]) == (None, None, 1)


async def test_without_times_the_last_day_is_meant(store, get, now):
    store("PANEL-001", [(now - timedelta(hours=30), 1), (now - timedelta(hours=1), 2)])
    rows = (await get("/api/panels/PANEL-001/readings")).json()
    assert [row["max_power"] for row in rows] == [2.0]


@pytest.mark.parametrize(
    ("interval", "value"), [("raw", "power_output_watts"), ("1m", "max_power")]
)
async def test_readings_come_in_pages_that_meet_without_gap_or_overlap(
    store, get, client, bearer, interval, value
):
    store("PANEL-001", [(NOON + timedelta(minutes=minute), minute) for minute in range(5)])
    answer = await get("/api/panels/PANEL-001/readings", interval=interval, limit=2, **RANGE)
    seen = []
    while True:
        seen += [row[value] for row in answer.json()]
        if "link" not in answer.headers:
            break
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers["link"])[1]
        answer = await client.get(link, headers=bearer("viewer"))
        assert answer.status_code == 200
    assert seen == [4.0, 3.0, 2.0, 1.0, 0.0]


async def test_a_raw_reading_is_what_was_sent(store, get):
    store("PANEL-001", [(NOON + timedelta(milliseconds=250), 409.7)])
    assert (await get("/api/panels/PANEL-001/readings", interval="raw", **RANGE)).json() == [
        {
            "panel_id": "PANEL-001",
            "timestamp": "2026-06-01T12:00:00.250000Z",
            "temperature_celsius": 25.3,
            "voltage_volts": 48.2,
            "current_amperes": 8.5,
            "power_output_watts": 409.7,
            "quality": 0,
        }
    ]


async def test_an_id_at_two_sites_needs_the_site(store, get):
    store("PANEL-001", [(NOON, 1)])
    store("PANEL-001", [(NOON, 2)], site="beta")
    answer = await get("/api/panels/PANEL-001/readings", **RANGE)
    assert answer.status_code == 409
    assert answer.json()["sites"] == ["alpha", "beta"]
    answer = await get("/api/panels/PANEL-001/readings", site="beta", **RANGE)
    assert [row["max_power"] for row in answer.json()] == [2.0]


@pytest.mark.usefixtures("sites")
async def test_an_unknown_panel_is_answered_with_the_nearest(get):
    answer = await get("/api/panels/PANEL-01/readings")
    assert answer.status_code == 404
    assert "PANEL-001" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"interval": "7m"}, "raw, 1m, 5m, 10m, 15m, 30m, 1h"),
        ({"start_time": "yesterday"}, "RFC 3339"),
        ({"start_time": "2026-06-01T12:00:00"}, "with a zone"),
        ({"end_time": "9999-01-01T00:00:00Z"}, "2200-01-01T00:00:00Z"),
        ({"start_time": "0001-01-01T00:00:00+14:00"}, "start_time"),
        ({"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-06-01T00:00:00Z"}, "before"),
        ({"start_time": "2020-01-01T00:00:00Z", "interval": "1m"}, "50000"),
        ({"interval": "raw", "cursor": "~~~"}, "Link"),
        ({"interval": "raw", "cursor": "__________8"}, "Link"),
        ({"interval": "1h", "cursor": "AAAAAAAAAAA"}, "Link"),
        ({"interval": "raw", "limit": "0"}, "limit"),
        ({"interval": "raw", "limit": "many"}, "limit"),
        ({"start": "2026-06-01T12:00:00Z"}, "allowed are start_time, end_time, interval"),
    ],
)
async def test_a_bad_parameter_is_refused_and_told_what_is_allowed(get, parameters, named):
    answer = await get("/api/panels/PANEL-001/readings", **parameters)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


async def test_a_parameter_that_comes_twice_is_refused(client, bearer):
    path = "/api/panels/PANEL-001/readings?interval=1h&interval=1m"
    answer = await client.get(path, headers=bearer("viewer"))
    assert answer.status_code == 400
    assert "interval comes 2 times" in answer.json()["detail"]


async def test_a_plus_sign_that_was_not_escaped_is_understood(store, client, bearer):
    store("PANEL-001", [(NOON, 5)])
    path = "/api/panels/PANEL-001/readings?start_time=2026-06-01T14:00:00+02:00"
    path += "&end_time=2026-06-01T13:00:00Z"
    assert len((await client.get(path, headers=bearer("viewer"))).json()) == 1


@pytest.fixture
def window(rows, store):
    """Store a window of a panel."""

    def put(panel, time, *, site="alpha", residual=None, kind=None):
        store(panel, [], site=site)
        rows(
            "INSERT INTO detection_window SELECT panel_key, %s, 60, %s, 2, -333, 1300, 0, %s, 412, "
            "NULL, %s, 1 FROM panel JOIN site USING (site_key) WHERE panel = %s AND site = %s",
            time,
            residual,
            residual,
            kind,
            panel,
            site,
        )

    return put


async def test_windows_say_why_newest_first_and_within_the_range(window, get):
    window("PANEL-001", NOON - timedelta(minutes=1), residual=1)
    window("PANEL-001", NOON, residual=-334, kind="bypass_diode")
    window("PANEL-001", NOON + timedelta(minutes=1))
    answer = await get("/api/panels/PANEL-001/windows", **RANGE)
    assert [row["timestamp"] for row in answer.json()] == [
        "2026-06-01T12:01:00Z",
        "2026-06-01T12:00:00Z",
    ]
    assert answer.json()[1] == {
        "panel_id": "PANEL-001",
        "timestamp": "2026-06-01T12:00:00Z",
        "seconds": 60,
        "voltage_residual_share": -0.334,
        "power_against_siblings_share": -0.333,
        "current_against_siblings_share": 0.002,
        "voltage_against_siblings_share": -0.334,
        "conversion_deviation_share": 0.0,
        "celsius_above_siblings": 1.3,
        "sigmas": 41.2,
        "probability": None,
        "fault": "bypass_diode",
        "quality": 1,
    }
    assert answer.json()[0]["voltage_residual_share"] is None
    newest = await get("/api/panels/PANEL-001/windows", limit=1, **RANGE)
    assert newest.json() == answer.json()[:1]


async def test_windows_of_an_id_that_two_sites_have_are_asked_for_with_the_site(window, get):
    for site in ("alpha", "beta"):
        window("PANEL-001", NOON, site=site)
    assert (await get("/api/panels/PANEL-001/windows", **RANGE)).status_code == 409
    answer = await get("/api/panels/PANEL-001/windows", site="beta", **RANGE)
    assert len(answer.json()) == 1
