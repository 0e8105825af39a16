"""The other questions by HTTP; their answers are tested on both flavours in tests/timescale."""

import time

import pytest

from collector.roles import Role

ALERT_FIELDS = {
    *("id", "site", "panel_id", "alert_type", "severity", "state", "raised_at", "cleared_at"),
    *("last_seen_at", "title", "recommendation", "details", "model_version", "received_at"),
    *("late", "muted", "assigned_to", "acknowledged_at", "acknowledged_by", "resolved_at"),
    *("resolved_by", "resolve_cause", "reopened_at", "escalated_at"),
}


@pytest.fixture
def alert(rows, sites, now):
    (number,) = rows(
        "INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, last_seen_at, "
        "title, recommendation) VALUES (%s, 'over_temperature', 'high', 'e', %s, %s, 'T', 'R') "
        "RETURNING alert_key",
        sites["alpha"],
        now,
        now,
    )[0]
    return number


@pytest.mark.usefixtures("sites")
async def test_sites_are_listed_and_one_is_the_same_as_in_the_list(get):
    listed = (await get("/api/sites")).json()
    assert [site["site"] for site in listed] == ["alpha", "beta"]
    assert (await get("/api/sites/alpha")).json() == listed[0]
    assert listed[0]["rated_kwp"] == 0.8


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize("path", ["", "/panels", "/series"])
async def test_an_unknown_site_is_answered_with_the_nearest(get, path):
    answer = await get(f"/api/sites/alfa{path}")
    assert answer.status_code == 404
    assert answer.json()["nearest"] == ["alpha"]


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    "path",
    [
        "/api/panels/PANEL-001/readings",
        "/api/panels/PANEL-001/efficiency",
        "/api/alerts/recent",
        "/api/gateways",
        "/api/maintenance",
        "/api/export",
    ],
)
async def test_a_filter_by_an_unknown_site_is_told_so_with_the_nearest(get, path):
    answer = await get(path, site="alfa")
    assert answer.status_code == 404
    assert answer.json()["title"] == "unknown site"
    assert answer.json()["nearest"] == ["alpha"]


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("path", "filters"),
    [
        ("/api/alerts/recent", {"panel": "PANEL-01"}),
        ("/api/alerts/recent", {"panel": "PANEL-01", "site": "alpha"}),
        ("/api/export", {"panels": "PANEL-001,PANEL-01"}),
    ],
)
async def test_a_filter_by_an_unknown_panel_is_told_so_with_the_nearest(get, path, filters):
    answer = await get(path, **filters)
    assert (answer.status_code, answer.json()["title"]) == (404, "unknown panel")
    assert "PANEL-001" in answer.json()["nearest"]


async def test_all_that_there_are_are_named_while_they_are_few_and_counted_once_they_are_many(
    get, rows, sites
):
    few = await get("/api/panels/elsewhere/readings")
    assert few.json()["detail"].endswith("known are PANEL-001, PANEL-002")
    nowhere = await get("/api/panels/elsewhere/readings", site="beta")
    assert nowhere.json()["detail"].endswith("0 are known")
    rows(
        "INSERT INTO panel (site_key, panel) "
        "SELECT site_key, 'P' || n FROM site, generate_series(1, 12) AS n"
    )
    many = await get("/api/panels/elsewhere/readings")
    assert many.json()["detail"].endswith("26 are known")
    here = await get("/api/panels/elsewhere/readings", site="beta")
    assert here.json()["detail"].endswith("12 are known")
    assert sites


@pytest.mark.usefixtures("sites")
async def test_the_panels_of_a_site_are_listed(get):
    panels = (await get("/api/sites/alpha/panels")).json()
    assert [panel["panel_id"] for panel in panels] == ["PANEL-001", "PANEL-002"]
    assert panels[0]["group"] == "south"


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/sites", "site"),
        ("/api/sites/alpha/panels", "panel_id"),
        ("/api/gateways", "gateway_id"),
        ("/api/maintenance", "why"),
        ("/api/panels/PANEL-001/windows?site=alpha", "timestamp"),
    ],
)
async def test_lists_come_in_pages_that_meet(*, client, bearer, get, rows, sites, path, key):
    for number in range(2):
        rows(
            "INSERT INTO gateway (gateway, site_key, public_key) VALUES (%s, %s, sha256(%s))",
            *(f"gw-{number}", sites["beta"], f"{number}".encode()),
        )
        rows(
            "INSERT INTO maintenance (site_key, from_at, to_at, why, created_at, created_by) "
            "VALUES (%s, '2200-01-01', '2200-01-02', %s, now(), 'x')",
            *(sites["alpha"], f"{number}"),
        )
        rows(
            "INSERT INTO detection_window (panel_key, time, seconds, quality) "
            "SELECT panel_key, now() - %s * INTERVAL '1 minute', 60, 0 FROM panel "
            "WHERE panel = 'PANEL-001'",
            number + 1,
        )
    whole = [row[key] for row in (await get(path)).json()]
    more = f"{path}{'&' if '?' in path else '?'}"
    found, link = [], f"{more}limit=1"
    while link:
        page = await client.get(link, headers=bearer(Role.VIEWER))
        found += [row[key] for row in page.json()]
        link = page.headers.get("link", "").partition(">")[0].lstrip("<")
    assert found == whole
    assert len(found) == 2
    refused = await client.get(f"{more}cursor=WzFd", headers=bearer(Role.VIEWER))
    assert (refused.status_code, "Link" in refused.json()["detail"]) == (400, True)


async def test_a_series_is_of_the_last_day_when_nothing_else_is_said(get, now):
    series = (await get("/api/sites/alpha/series")).json()
    assert (series["metric"], series["interval"], series["unit"]) == ("power", "5m", "W")
    assert len(series["t"]) in {288, 289}
    assert abs(series["t"][-1] - now.timestamp()) <= 330
    assert set(series["avg"]) == {None}


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"metric": "colour"}, "power, energy"),
        ({"interval": "raw"}, "1m, 5m"),
        ({"end_time": "x"}, "RFC"),
    ],
)
async def test_a_bad_question_for_a_series_is_told_what_is_allowed(get, parameters, named):
    answer = await get("/api/sites/alpha/series", **parameters)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


@pytest.mark.usefixtures("sites")
async def test_efficiency_is_of_as_many_days_as_asked_for(get):
    days = (await get("/api/panels/PANEL-001/efficiency", days=3)).json()
    assert len(days) == 3
    assert days[0]["date"] > days[1]["date"]
    assert {day["efficiency_percentage"] for day in days} == {None}
    for bad in (0, 93, "many"):
        answer = await get("/api/panels/PANEL-001/efficiency", days=bad)
        assert answer.status_code == 400
        assert "days" in answer.json()["detail"]


async def test_an_alert_has_the_fields_of_the_contract_and_who_dealt_with_it(get, alert):
    (row,) = (await get("/api/alerts/recent")).json()
    assert set(row) == ALERT_FIELDS
    assert (row["id"], row["site"], row["panel_id"], row["state"]) == (alert, "alpha", None, "open")
    assert row["raised_at"].endswith("Z")


@pytest.mark.usefixtures("alert")
@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"state": "open"}, 1),
        ({"state": "acknowledged,resolved"}, 0),
        ({"severity": "high,critical"}, 1),
        ({"severity": "low"}, 0),
        ({"site": "beta"}, 0),
        ({"panel": "PANEL-001"}, 0),
    ],
)
async def test_alerts_are_filtered(get, parameters, count):
    assert len((await get("/api/alerts/recent", **parameters)).json()) == count


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"state": "shut"}, "open, acknowledged, resolved"),
        ({"severity": "bad"}, "info, low, medium, high, critical"),
        ({"limit": "1001"}, "limit is '1001', allowed is a whole number from 1 to 1000"),
        ({"limit": "few"}, "limit is 'few', allowed is a whole number from 1 to 1000"),
        ({"late": "often"}, "late is 'often', allowed is true or false"),
    ],
)
async def test_a_bad_filter_is_told_what_is_allowed(get, parameters, named):
    answer = await get("/api/alerts/recent", **parameters)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


async def test_an_operator_acknowledges_and_resolves_by_name(client, bearer, alert, rows):
    operator = bearer(Role.OPERATOR)
    taken = await client.post(f"/api/alerts/{alert}/acknowledge", headers=operator)
    closed = await client.post(f"/api/alerts/{alert}/resolve", headers=operator)
    late = await client.post(f"/api/alerts/{alert}/acknowledge", headers=operator)
    assert (taken.json()["state"], closed.json()["state"]) == ("acknowledged", "resolved")
    assert (late.status_code, late.json()["title"]) == (409, "already resolved")
    assert rows("SELECT acknowledged_by, resolved_by FROM alert") == [("the operator",) * 2]


@pytest.mark.parametrize("number", [4711, 2**70, -1])
async def test_an_alert_that_is_not_there_is_not_found_by_the_number_asked_for(
    client, bearer, number
):
    answer = await client.post(f"/api/alerts/{number}/resolve", headers=bearer(Role.OPERATOR))
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"there is no alert {number}"


async def test_all_times_are_utc_with_z(get, alert, now):
    assert alert
    answer = await get("/api/alerts/recent")
    stamp = answer.json()[0]["raised_at"]
    assert stamp == now.isoformat().replace("+00:00", "Z")


async def test_health_tells_alive_from_ready(client):
    assert (await client.get("/health/live")).json() == {"status": "live"}
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_a_week_of_ten_panels_is_judged_while_a_person_waits(get, rows, sites, now):
    rows(
        "INSERT INTO panel (site_key, panel, rated_watts) "
        "SELECT %s, 'P' || n, 400 FROM generate_series(1, 10) AS n",
        sites["beta"],
    )
    rows(
        "INSERT INTO reading_raw SELECT panel_key, %s - n * INTERVAL '1 minute', 25000, 48000, "
        "8000, 300000, 0 FROM generate_series(0, 7 * 1440) AS n, panel WHERE panel LIKE 'P_'",
        now,
    )
    begun = time.monotonic()
    days = (await get("/api/panels/P1/efficiency", days=7)).json()
    # A plan that makes the siblings' part again for every hour takes a minute and more.
    assert time.monotonic() - begun < 10
    assert [day["efficiency_percentage"] for day in days] == [pytest.approx(100.0)] * 7
