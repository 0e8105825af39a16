"""Every question of the API on both flavours, with answers worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from collector.errors import ProblemError
from collector.queries.accounts import find_gateway
from collector.queries.alerts import State, Wanted, list_alerts
from collector.queries.efficiency import list_efficiency
from collector.queries.gateways import list_gateways
from collector.queries.handling import acknowledge, resolve
from collector.queries.intervals import INTERVALS, Period
from collector.queries.metrics import OF_SITES
from collector.queries.panels import MAX_SIBLINGS, find_panel, list_panels
from collector.queries.readings import list_buckets, list_raw
from collector.queries.resends import ask_resend
from collector.queries.series import Question, site_series
from collector.queries.sites import find_site, list_sites
from shared.alerts import Severity
from timescale.world import HOUR, MINUTE, NOON, NOW, World


@pytest.fixture
def world(database):
    return World(database)


async def test_a_site_shows_its_power_now_its_energy_today_and_its_alerts(world, database):
    alpha = await world.site()
    first, second = await world.panel(alpha, "PANEL-001"), await world.panel(alpha, "PANEL-002")
    third = await world.panel(alpha, "PANEL-003", rated=None)
    # Berlin's day began at 22:00 UTC: the minute before it is yesterday's.
    midnight = datetime(2026, 5, 31, 22, tzinfo=UTC)
    await world.readings(first, start=midnight - MINUTE, minutes=1, watts=6000)
    await world.readings(first, start=NOW - 30 * MINUTE, minutes=31, watts=240)
    await world.readings(second, start=NOW - 2 * MINUTE, minutes=2, watts=60)
    await world.readings(third, start=NOW - 3 * MINUTE, minutes=1, watts=600)
    await world.alert(alpha, first, episode="a", severity="critical")
    await world.alert(alpha, second, episode="b", severity="low", state="acknowledged")
    await world.alert(alpha, None, episode="c", severity="low", state="resolved")

    (site,) = await list_sites(database, now=NOW)

    assert (site.panel_count, site.panels_reporting) == (3, 2)
    assert site.rated_kwp == 0.8
    assert site.power_watts == 300.0
    # 31 minutes of 240 W, 2 of 60 W, one of 600 W.
    assert site.energy_today_wh == pytest.approx((31 * 240 + 2 * 60 + 600) / 60)
    assert (site.open_alerts.critical, site.open_alerts.low, site.open_alerts.high) == (1, 1, 0)
    assert site.last_reading_at == NOW
    assert site.gateway_last_seen_at is None


async def test_a_site_without_panels_has_no_figures_and_no_error(world, database):
    await world.site()
    (site,) = await list_sites(database, now=NOW)
    assert (site.panel_count, site.power_watts, site.energy_today_wh) == (0, None, None)
    assert site.open_alerts.critical == 0


async def test_energy_today_begins_at_midnight_also_where_zones_are_half_hours_off(world, database):
    kolkata = await world.site("kolkata", zone="Asia/Kolkata")
    panel = await world.panel(kolkata, "P")
    midnight = datetime(2026, 5, 31, 18, 30, tzinfo=UTC)
    await world.readings(panel, start=midnight - 10 * MINUTE, minutes=20, watts=60)

    (site,) = await list_sites(database, now=NOW, site="kolkata")
    found = await find_site(database, site="kolkata")
    (row,) = await list_panels(database, site=found, now=NOW)

    assert site.energy_today_wh == pytest.approx(10.0)
    assert row.energy_today_wh == pytest.approx(10.0)


async def test_a_panel_shows_its_newest_reading_however_old(world, database):
    alpha = await world.site()
    panel = await world.panel(alpha, "PANEL-001")
    await world.panel(alpha, "PANEL-002")
    await world.readings(panel, start=NOON - 5 * HOUR, minutes=2, watts=123)
    await world.alert(alpha, panel, episode="a", severity="low")
    await world.alert(alpha, panel, episode="b", severity="medium")

    site = await find_site(database, site="alpha")
    first, second = await list_panels(database, site=site, now=NOW)

    assert first.last_reading_at == NOON - 5 * HOUR + MINUTE
    assert (first.power_watts, first.voltage_volts, first.quality) == (123.0, 48.0, 0)
    assert (first.current_amperes, first.temperature_celsius) == (8.0, 25.0)
    assert first.energy_today_wh == pytest.approx(123 * 2 / 60)
    assert (first.open_alerts, first.worst_severity) == (2, Severity.MEDIUM)
    assert (second.last_reading_at, second.power_watts, second.open_alerts) == (None, None, 0)


@pytest.mark.parametrize("interval", INTERVALS)
async def test_buckets_of_every_width_hold_the_same_energy(world, database, interval):
    alpha = await world.site()
    await world.readings(await world.panel(alpha, "P"), start=NOON, minutes=30, watts=200)

    rows = await list_buckets(
        database,
        panel="P",
        site=None,
        period=Period(NOON, NOW),
        seconds=INTERVALS[interval],
        now=NOW,
    )

    assert rows == sorted(rows, key=lambda row: row.timestamp, reverse=True)
    assert {row.avg_power for row in rows} == {200.0}
    assert sum(row.energy_wh for row in rows) == pytest.approx(100.0)
    assert sum(row.samples for row in rows) == 30
    # At half past, all of the bucket so far is covered, unless it began before noon.
    begun = min((NOON - row.timestamp) / timedelta(seconds=INTERVALS[interval]) for row in rows)
    assert begun > 0 or rows[0].coverage == 1.0


async def test_raw_readings_end_at_the_limit(world, database):
    alpha = await world.site()
    await world.readings(await world.panel(alpha, "P"), start=NOON, minutes=10, watts=200)
    rows = await list_raw(database, panel="P", site="alpha", period=Period(NOON, NOW), limit=3)
    assert [row.timestamp for row in rows] == [NOON + n * MINUTE for n in (9, 8, 7)]


async def test_a_power_series_adds_panels_and_leaves_gaps_empty(world, database):
    alpha = await world.site()
    first, second = await world.panel(alpha, "P1"), await world.panel(alpha, "P2")
    await world.readings(first, start=NOON, minutes=5, watts=100)
    await world.readings(second, start=NOON, minutes=5, watts=250)
    await world.readings(first, start=NOON + 10 * MINUTE, minutes=5, watts=40)
    site = await find_site(database, site="alpha")

    async def ask(metric):
        return await site_series(
            database,
            question=Question(site, metric, "5m", Period(NOON, NOON + 15 * MINUTE)),
            now=NOW,
        )

    power, energy = await ask("power"), await ask("energy")
    assert power.t == [round(NOON.timestamp()) + n * 300 for n in range(3)]
    assert power.avg == [350.0, None, 40.0]
    assert (power.min[0], power.max[0], power.unit) == (350.0, 350.0, "W")
    assert power.coverage == [1.0, None, 0.5]
    assert energy.avg == [pytest.approx(350 / 12), None, pytest.approx(40 / 12)]
    assert (await ask("temperature")).avg == [25.0, None, 25.0]


@pytest.mark.parametrize("metric", OF_SITES)
@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
async def test_every_metric_can_be_asked_at_every_aggregate(world, database, metric, interval):
    await world.site()
    site = await find_site(database, site="alpha")
    series = await site_series(
        database,
        question=Question(site, metric, interval, Period(NOON, NOW)),
        now=NOW,
    )
    assert set(series.avg) == {None}
    assert len(series.t) == len(series.avg) == len(series.coverage)


async def test_weather_is_a_series_in_public_units(world, database):
    alpha = await world.site()
    await world.weather(alpha, start=NOON, minutes=10, w_m2=800)
    site = await find_site(database, site="alpha")
    answers = {
        metric: await site_series(
            database,
            question=Question(site, metric, "10m", Period(NOON, NOON + 10 * MINUTE)),
            now=NOW,
        )
        for metric in ("irradiance", "ambient_temperature", "wind")
    }
    assert {name: series.avg for name, series in answers.items()} == {
        "irradiance": [800.0],
        "ambient_temperature": [21.5],
        "wind": [3.0],
    }


async def test_with_irradiance_efficiency_is_the_performance_ratio(world, database):
    alpha = await world.site()
    panel_key = await world.panel(alpha, "P", rated=400.0)
    # Two hours of 288 W under 900 W/m2: (576 / 400) / (1800 / 1000) = 0.8.
    await world.readings(panel_key, start=NOON - 2 * HOUR, minutes=120, watts=288)
    await world.weather(alpha, start=NOON - 2 * HOUR, minutes=120, w_m2=900, every=5)
    panel = await find_panel(database, panel="P", site=None)

    today, yesterday = await list_efficiency(database, panel=panel, days=2, now=NOW)

    assert (today.date, today.method) == (date(2026, 6, 1), "performance_ratio")
    assert today.efficiency_percentage == today.corrected_percentage == pytest.approx(80.0)
    assert today.energy_wh == pytest.approx(576.0)
    assert today.specific_yield_kwh_per_kwp == pytest.approx(1.44)
    assert today.insolation_kwh_m2 == pytest.approx(1.8)
    # The day in Berlin is 14.5 hours old.
    assert today.coverage == pytest.approx(2 / 14.5)
    assert (yesterday.date, yesterday.efficiency_percentage) == (date(2026, 5, 31), None)
    assert (yesterday.method, yesterday.energy_wh, yesterday.coverage) == (None, None, 0.0)


async def test_the_performance_ratio_is_also_told_as_at_25_degrees(world, database):
    alpha = await world.site()
    panel_key = await world.panel(alpha, "P", rated=400.0)
    await world.readings(panel_key, start=NOON - 2 * HOUR, minutes=120, watts=288)
    await world.weather(alpha, start=NOON - 2 * HOUR, minutes=120, w_m2=900, every=5)
    # 20 K above take 7 % of the power: 80 / 0.93.
    await world.run("UPDATE reading_raw SET temperature_mc = 45000")
    panel = await find_panel(database, panel="P", site=None)

    (hot,) = await list_efficiency(database, panel=panel, days=1, now=NOW)
    await world.run("UPDATE reading_raw SET temperature_mc = NULL")
    (unknown,) = await list_efficiency(database, panel=panel, days=1, now=NOW)

    assert hot.efficiency_percentage == pytest.approx(80.0)
    assert hot.corrected_percentage == pytest.approx(80.0 / 0.93)
    assert unknown.efficiency_percentage == pytest.approx(80.0)
    assert unknown.corrected_percentage is None


async def test_without_irradiance_efficiency_is_against_the_median_sibling(world, database):
    alpha = await world.site()
    for number, watts in enumerate((150, 300, 310, 290)):
        key = await world.panel(alpha, f"P{number}", rated=400.0)
        await world.readings(key, start=NOON - 2 * HOUR, minutes=120, watts=watts)
    # In another group, and twice as strong by its rating: neither moves the median.
    west = await world.panel(alpha, "W", group="west")
    await world.readings(west, start=NOON - 2 * HOUR, minutes=120, watts=10)
    strong = await world.panel(alpha, "P9", rated=800.0)
    await world.readings(strong, start=NOON - 2 * HOUR, minutes=120, watts=600)
    panel = await find_panel(database, panel="P0", site=None)

    (today,) = await list_efficiency(database, panel=panel, days=1, now=NOW)

    assert (today.method, today.peers) == ("peer_index", 4)
    assert today.efficiency_percentage == pytest.approx(50.0)


async def test_of_a_large_group_fifty_are_compared_with(world, database):
    alpha = await world.site()
    for number in range(MAX_SIBLINGS + 5):
        key = await world.panel(alpha, f"P{number:02}")
        await world.readings(key, start=NOON - HOUR, minutes=2, watts=300 if number else 150)
    panel = await find_panel(database, panel="P00", site=None)

    (today,) = await list_efficiency(database, panel=panel, days=1, now=NOW)

    assert (today.peers, today.efficiency_percentage) == (MAX_SIBLINGS, pytest.approx(50.0))


async def test_a_gap_of_ones_own_lowers_coverage_and_not_the_peer_index(world, database):
    alpha = await world.site()
    keys = [await world.panel(alpha, f"P{number}") for number in range(3)]
    for key in keys[1:]:
        await world.readings(key, start=NOON - 2 * HOUR, minutes=120, watts=300)
    await world.readings(keys[0], start=NOON - 2 * HOUR, minutes=30, watts=300)
    panel = await find_panel(database, panel="P0", site=None)
    (today,) = await list_efficiency(database, panel=panel, days=1, now=NOW)
    assert today.efficiency_percentage == pytest.approx(100.0)
    assert today.coverage == pytest.approx(0.5 / 14.5)


async def test_availability_is_the_share_of_known_time_in_sun_in_which_the_panel_produced(
    world, database
):
    alpha = await world.site()
    key = await world.panel(alpha, "P", rated=400.0)
    # Dim, then two hours of sun: it produces for one, gives nothing for half, is unknown for half.
    await world.weather(alpha, start=NOON - 3 * HOUR, minutes=60, w_m2=49, every=5)
    await world.weather(alpha, start=NOON - 2 * HOUR, minutes=120, w_m2=600, every=5)
    await world.readings(key, start=NOON - 3 * HOUR, minutes=60, watts=0)
    await world.readings(key, start=NOON - 2 * HOUR, minutes=60, watts=200)
    await world.readings(key, start=NOON - HOUR, minutes=30, watts=1)
    panel = await find_panel(database, panel="P", site=None)

    today, yesterday = await list_efficiency(database, panel=panel, days=2, now=NOW)

    assert today.availability_percentage == pytest.approx(100 * 60 / 90)
    assert today.sun_hours == pytest.approx(2.0)
    assert (yesterday.availability_percentage, yesterday.sun_hours) == (None, 0.0)


async def test_without_irradiance_siblings_tell_of_the_sun(world, database):
    alpha = await world.site()
    keys = [await world.panel(alpha, f"P{number}") for number in range(4)]
    west = await world.panel(alpha, "W", group="west")
    for key in [*keys[1:], west]:
        # 5 % of the rated power is 50 W/m2; one sibling is dead all day, which hides no sun.
        watts = (20, 0, 300, 10)[[*keys[1:], west].index(key)]
        await world.readings(key, start=NOON - 2 * HOUR, minutes=60, watts=watts)
    await world.readings(keys[0], start=NOON - 2 * HOUR, minutes=45, watts=200)
    await world.readings(keys[0], start=NOON - 2 * HOUR + 45 * MINUTE, minutes=15, watts=0)
    panel = await find_panel(database, panel="P0", site=None)
    (today,) = await list_efficiency(database, panel=panel, days=1, now=NOW)
    assert today.availability_percentage == pytest.approx(75.0)
    assert today.sun_hours == pytest.approx(1.0)


@pytest.mark.parametrize("rated", [None, 0.0])
async def test_without_a_rating_efficiency_cannot_be_known(world, database, rated):
    alpha = await world.site()
    key = await world.panel(alpha, "P", rated=rated)
    await world.readings(key, start=NOON, minutes=10, watts=300)
    await world.weather(alpha, start=NOON, minutes=10, w_m2=800)
    panel = await find_panel(database, panel="P", site=None)
    (today,) = await list_efficiency(database, panel=panel, days=1, now=NOW)
    assert (today.efficiency_percentage, today.method) == (None, None)
    assert today.energy_wh == pytest.approx(50.0)


async def test_days_are_the_sites_own_through_a_change_of_clocks(world, database):
    alpha = await world.site()
    key = await world.panel(alpha, "P")
    # Berlin, 25 October 2026: 25 hours, from 22:00 UTC to 23:00 UTC.
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    await world.readings(key, start=start - HOUR, minutes=27 * 60, watts=100)
    panel = await find_panel(database, panel="P", site=None)
    after, long, before = await list_efficiency(
        database, panel=panel, days=3, now=datetime(2026, 10, 26, 12, tzinfo=UTC)
    )
    assert [day.energy_wh for day in (before, long, after)] == [
        pytest.approx(100.0),
        pytest.approx(2500.0),
        pytest.approx(100.0),
    ]
    assert long.coverage == 1.0


async def test_alerts_are_filtered_by_each_of_their_properties(world, database):
    alpha, beta = await world.site(), await world.site("beta")
    first = await world.panel(alpha, "P1")
    await world.alert(alpha, first, episode="a", severity="high")
    await world.alert(alpha, None, episode="b", severity="low", state="resolved")
    await world.alert(beta, None, episode="c", severity="info", state="acknowledged")

    async def ask(limit=50, **filters):
        wanted = Wanted(**({"states": list(State), "severities": list(Severity)} | filters))
        return [a.alert_type for a in await list_alerts(database, wanted=wanted, limit=limit)]

    assert sorted(await ask()) == ["a", "b", "c"]
    assert await ask(states=[State.OPEN]) == ["a"]
    assert await ask(severities=[Severity.LOW, Severity.CRITICAL]) == ["b"]
    assert await ask(site="beta") == ["c"]
    assert await ask(panel="P1") == ["a"]
    assert len(await ask(limit=2)) == 2


async def test_an_alert_is_taken_once_and_closed_once(world, database):
    alpha = await world.site()
    number = await world.alert(alpha, None, episode="a")
    taken = await acknowledge(database, alert_id=number, by="ann", now=NOW)
    again = await acknowledge(database, alert_id=number, by="bob", now=NOW)
    assert taken.state == again.state == State.ACKNOWLEDGED
    assert await world.run("SELECT acknowledged_by FROM alert") == "ann"
    assert (await resolve(database, alert_id=number, by="bob", now=NOW)).state == State.RESOLVED
    for change in (acknowledge, resolve):
        with pytest.raises(ProblemError, match="resolved already") as caught:
            await change(database, alert_id=number, by="ann", now=NOW)
        assert caught.value.status == 409
    with pytest.raises(ProblemError, match="no alert 4711"):
        await resolve(database, alert_id=4711, by="ann", now=NOW)


async def add_gateway(world):
    alpha = await world.site()
    return await world.run(
        "INSERT INTO gateway (gateway, site_key, public_key, health) "
        "VALUES ('gw-1', :k, sha256('x'), "
        """ '{"outbox_rows": 7, "version": "9.9", "outbox_oldest_at": "soon"}') """
        "RETURNING gateway_key",
        k=alpha,
    )


async def declare(world, key, *losses):
    for first, last, reason, rows in losses:
        await world.run(
            "INSERT INTO declared_loss VALUES (:g, '00000000-0000-0000-0000-000000000001', "
            ":f, :l, :r, :n, :t, :t, :t, :t) RETURNING gateway_key",
            g=key, f=first, l=last, r=reason, n=rows, t=NOW,
        )  # fmt: skip


async def test_a_gateway_shows_what_arrived_what_is_lost_and_what_is_outstanding(world, database):
    key = await add_gateway(world)
    await world.run(
        "INSERT INTO ledger VALUES (:g, '00000000-0000-0000-0000-000000000001', "
        "'{[0,5),[7,10)}', 80, 2, 1, :n, :n) RETURNING gateway_key",
        g=key,
        n=NOW,
    )
    await world.run(
        "INSERT INTO stream_tail VALUES (:g, '00000000-0000-0000-0000-000000000001', 20), "
        "(:g, '00000000-0000-0000-0000-000000000002', 3)",
        g=key,
    )
    await declare(
        world, key,
        (5, 5, "damaged", 3),  # lost
        (0, 1, "thinned", 10),  # arrived with fewer rows
        (3, 4, "damaged", 9),  # arrived all the same
        (8, 12, "damaged", None),  # two of its flushes arrived
        (12, 13, "over_size", 7),  # lost, one flush of it for the second time
    )  # fmt: skip

    (gateway,) = await list_gateways(database)
    detail = await find_gateway(database, gateway="gw-1")

    assert detail.gateway == gateway
    assert (gateway.accepted, gateway.duplicates, gateway.rejected) == (80, 2, 1)
    assert (gateway.lost_rows, gateway.lost_uncounted, gateway.outstanding) == (20, 3, 10)
    assert gateway.health["version"] == gateway.state.version == "9.9"
    assert (gateway.state.backlog_rows, gateway.state.backlog_oldest_at) == (7, None)
    stream, silent = detail.streams
    assert (stream.first_seq, stream.last_seq, stream.outstanding) == (0, 9, 7)
    shown = [(one.first_seq, one.last_seq) for one in stream.outstanding_ranges]
    assert shown == [(6, 6), (14, 19)]
    assert (stream.lost, stream.lost_rows, stream.lost_uncounted) == (5, 20, 3)
    assert (silent.last_seq, silent.outstanding) == (None, 3)
    assert [(one.reason, one.declarations, one.rows, one.uncounted) for one in detail.lost] == [
        ("damaged", 3, 3, 3),
        ("over_size", 1, 7, 0),
        ("thinned", 1, 10, 0),
    ]
    told = {(one.first_seq, one.reason): one.lost_rows for one in detail.losses}
    assert told[3, "damaged"] == 0
    assert told[8, "damaged"] is None


async def test_a_gateway_shows_what_an_ended_run_never_acknowledged(world, database):
    key = await add_gateway(world)
    file = "00000000-0000-0000-0000-00000000000f"
    for number, run in ((1, 1), (2, 2), (3, 3), (4, None)):
        await world.run(
            "INSERT INTO stream_tail VALUES (:g, CAST(:s AS uuid), 4, CAST(:f AS uuid), :r) "
            "RETURNING run",
            g=key, s=f"00000000-0000-0000-0000-00000000000{number}",
            f=None if run is None else file, r=run,
        )  # fmt: skip
    await world.run(
        "INSERT INTO ledger VALUES (:g, '00000000-0000-0000-0000-000000000001', '{[1,3)}', 9, 0, "
        "0, :n, :n) RETURNING gateway_key",
        g=key, n=NOW,
    )  # fmt: skip
    await world.run(
        "INSERT INTO outbox_file VALUES (:g, CAST(:f AS uuid), 3, 0, "
        "'{00000000-0000-0000-0000-000000000002}') RETURNING run",
        g=key, f=file,
    )  # fmt: skip

    detail = await find_gateway(database, gateway="gw-1")

    assert (detail.gateway.outstanding, detail.gateway.unacknowledged) == (12, 2)
    shown = {one.stream.int & 15: (one.outstanding, one.unacknowledged) for one in detail.streams}
    assert shown == {1: (0, 2), 2: (4, 0), 3: (4, 0), 4: (4, 0)}


async def test_absurd_ranges_of_one_gateway_break_no_sum(world, database):
    key = await add_gateway(world)
    for number in (1, 2, 3):
        await world.run(
            "INSERT INTO stream_tail VALUES (:g, CAST(:s AS uuid), 9223372036854775806) "
            "RETURNING gateway_key",
            g=key,
            s=f"00000000-0000-0000-0000-00000000000{number}",
        )
    (gateway,) = await list_gateways(database)

    assert gateway.outstanding == 2**53 - 1
    assert (await find_gateway(database, gateway="gw-1")).streams[0].outstanding == 2**53 - 1


async def test_the_same_range_asked_again_is_one_request_until_it_is_answered(world, database):
    await add_gateway(world)
    asked = {"gateway": "gw-1", "start": NOW, "end": NOW + timedelta(hours=1), "by": "ann"}

    first = await ask_resend(database, now=NOW, **asked)
    again = await ask_resend(database, now=NOW + timedelta(minutes=1), **asked)
    await world.run("UPDATE resend_request SET answered_at = now() RETURNING request")
    later = await ask_resend(database, now=NOW, **asked)

    assert first == again
    assert later.request > first.request
    assert (first.start, first.end, first.asked_by) == (NOW, NOW + timedelta(hours=1), "ann")


async def test_too_many_open_requests_and_revoked_gateways_are_refused(world, database):
    await add_gateway(world)

    async def ask(minutes):
        end = NOW + timedelta(minutes=minutes)
        return await ask_resend(database, gateway="gw-1", start=NOW, end=end, by="ann", now=NOW)

    for minutes in range(1, 11):
        await ask(minutes)
    with pytest.raises(ProblemError, match="has 10 requests to answer") as caught:
        await ask(11)
    assert caught.value.status == 409
    await world.run("UPDATE gateway SET revoked_at = now() RETURNING gateway_key")
    with pytest.raises(ProblemError, match="revoked"):
        await ask(12)
