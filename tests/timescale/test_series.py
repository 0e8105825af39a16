"""Series of panels and sites, what they are compared with, and the fleet, on both flavours."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from collector.queries.intervals import INTERVALS, Period, fitting
from collector.queries.metrics import OF_PANELS
from collector.queries.panels import find_panel
from collector.queries.series import Compare, Question, panel_series, site_series
from collector.queries.sites import find_site
from timescale.world import HOUR, MINUTE, NOON, NOW, World

DAY = timedelta(days=1)


@pytest.fixture
def world(database):
    return World(database)


async def ask(database, panels, *, interval, period, metric="power", compare=None, now=NOW):
    site = await find_site(database, site="alpha")
    question = Question(site, metric, interval, period, compare)
    if not panels:
        return await site_series(database, question=question, now=now)
    found = [await find_panel(database, panel=panel, site="alpha") for panel in panels]
    return await panel_series(database, question=question, panels=found, now=now)


async def test_several_panels_come_as_columns_of_one_time_with_their_least_and_most(
    world, database
):
    alpha = await world.site()
    first, second = await world.panel(alpha, "P1"), await world.panel(alpha, "P2")
    await world.readings(first, start=NOON, minutes=5, watts=100)
    await world.readings(first, start=NOON + 5 * MINUTE, minutes=5, watts=200)
    await world.readings(second, start=NOON + 10 * MINUTE, minutes=10, watts=50)
    period = Period(NOON, NOON + 20 * MINUTE)

    series = await ask(database, ["P1", "P2"], interval="10m", period=period)

    one, two = series.panels
    assert (one.panel_id, one.avg, one.min, one.max) == (
        "P1",
        [150, None],
        [100, None],
        [200, None],
    )
    assert (two.panel_id, two.avg, two.coverage) == ("P2", [None, 50], [None, 1.0])
    assert (series.avg, series.unit, len(series.t)) == ([], "W", 2)


@pytest.mark.parametrize("metric", OF_PANELS)
async def test_every_metric_of_panels_can_be_asked_and_compared(world, database, metric):
    alpha = await world.site()
    for number in range(3):
        panel = await world.panel(alpha, f"P{number}")
        await world.readings(panel, start=NOON, minutes=5, watts=100)
    period = Period(NOON, NOON + 5 * MINUTE)
    series = await ask(
        database, ["P1"], interval="5m", period=period, metric=metric, compare=Compare.SIBLINGS
    )
    assert series.panels[0].avg == series.panels[0].compare != [None]


async def test_siblings_are_the_median_of_the_same_group_without_the_panels_asked_for(
    world, database
):
    alpha = await world.site()
    for number, watts in enumerate((150, 300, 310, 290)):
        panel = await world.panel(alpha, f"P{number}")
        await world.readings(panel, start=NOON, minutes=5, watts=watts)
    west = await world.panel(alpha, "W", group="west")
    await world.readings(west, start=NOON, minutes=5, watts=1)

    series = await ask(
        database,
        ["P0"],
        interval="5m",
        period=Period(NOON, NOON + 10 * MINUTE),
        compare=Compare.SIBLINGS,
    )

    assert (series.panels[0].avg, series.panels[0].compare) == ([150, None], [300, None])


async def test_of_a_large_group_some_are_siblings(world, database, monkeypatch):
    monkeypatch.setattr("collector.queries.series.MAX_SIBLINGS", 1)
    alpha = await world.site()
    for number, watts in enumerate((150, 300, 310)):
        panel = await world.panel(alpha, f"P{number}")
        await world.readings(panel, start=NOON, minutes=5, watts=watts)

    series = await ask(
        database,
        ["P0"],
        interval="5m",
        period=Period(NOON, NOON + 5 * MINUTE),
        compare=Compare.SIBLINGS,
    )

    assert series.panels[0].compare in ([300], [310])


async def test_yesterday_is_the_same_time_of_the_local_day_also_after_the_clocks_changed(
    world, database
):
    alpha = await world.site()
    panel = await world.panel(alpha, "P")
    # Berlin, 25 October 2026: noon is 11:00 UTC, the day before it was 10:00 UTC.
    noon = datetime(2026, 10, 25, 11, tzinfo=UTC)
    await world.readings(panel, start=noon, minutes=60, watts=100)
    await world.readings(panel, start=noon - 25 * HOUR, minutes=60, watts=70)
    await world.readings(panel, start=datetime(2025, 10, 25, 10, tzinfo=UTC), minutes=60, watts=40)
    period = Period(noon, noon + HOUR)

    for panels in ([], ["P"]):
        for compare, watts in ((Compare.YESTERDAY, 70), (Compare.LAST_YEAR, 40)):
            series = await ask(database, panels, interval="1h", period=period, compare=compare)
            columns = series.panels[0] if panels else series
            assert (columns.avg, columns.compare) == ([100], [watts])


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Berlin", 25), ("Australia/Lord_Howe", 23.5)])
async def test_days_of_a_series_are_the_sites_own_when_clocks_change(world, database, zone, hours):
    alpha = await world.site(zone=zone)
    panel = await world.panel(alpha, "P")
    day = datetime(2026, 10, 25 if hours == 25 else 4, tzinfo=UTC)
    site = await find_site(database, site="alpha")
    period = Period(day - 12 * HOUR, day + 3 * DAY)
    question = Question(site, "energy", "day", period)
    starts = question.grid().starts
    changing = next(number for number, (a, b) in enumerate(pairwise(starts)) if b - a != DAY)
    assert starts[changing + 1] - starts[changing] == timedelta(hours=hours)
    minutes = round(hours * 60)
    await world.readings(panel, start=starts[changing] - MINUTE, minutes=minutes + 2, watts=60)

    later = day + 5 * DAY
    for panels in ([], ["P"]):
        series = await ask(
            database, panels, interval="day", period=period, metric="energy", now=later
        )
        columns = series.panels[0] if panels else series
        energy = [value or 0.0 for value in columns.avg]
        assert energy[changing - 1 : changing + 2] == [
            pytest.approx(1.0),
            pytest.approx(minutes),
            pytest.approx(1.0),
        ]
        assert columns.coverage[changing] == pytest.approx(1.0)


@pytest.mark.parametrize("interval", ["5m", "1h", "1d", "day"])
async def test_least_and_most_of_energy_are_the_buckets_own_sum_whatever_it_is_made_of(
    world, database, interval
):
    panel = await world.panel(await world.site(), "P")
    await world.readings(panel, start=NOON - HOUR, minutes=60, watts=60)
    await world.readings(panel, start=NOON, minutes=60, watts=600)
    period = Period(NOON - HOUR, NOON + HOUR)
    for panels in ([], ["P"]):
        asked = {"interval": interval, "period": period, "metric": "energy"}
        series = await ask(database, panels, now=NOON + 2 * HOUR, **asked)
        columns = series.panels[0] if panels else series
        assert columns.min == columns.max == columns.avg
        assert sum(filter(None, columns.avg)) == pytest.approx(660.0)


def test_the_fitting_interval_is_the_shortest_of_which_there_are_not_too_many():
    week = Period(NOON - 7 * DAY, NOON)
    assert fitting(week, max_points=1_008) == "10m"
    assert fitting(week, max_points=1_007) == "15m"
    assert fitting(Period(NOON - HOUR, NOON), max_points=1_000) == "1m"
    assert fitting(Period(NOON - 10_000 * DAY, NOON), max_points=10) is None
    assert list(INTERVALS) == sorted(INTERVALS, key=INTERVALS.get)
