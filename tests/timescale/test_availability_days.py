"""What share of its sun a site's panels used, day by day: whatever comes late, whoever was away."""

from datetime import timedelta

import pytest

from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention
from collector.queries.fleet import list_fleet
from timescale import world as june


@pytest.fixture
def database_url(own_url):
    return own_url


async def test_the_fleet_shows_what_share_of_yesterdays_sun_hours_the_panels_produced(database):
    world = june.World(database)
    alpha = await world.site("alpha", zone="UTC")
    await world.site("empty", zone="UTC")
    good, dead = await world.panel(alpha, "P1"), await world.panel(alpha, "P2", rated=1200.0)
    yesterday = june.NOON - 24 * june.HOUR
    # An hour too dim to count, then two of sun; the larger panel gives nothing in the last of them.
    await world.readings(good, start=yesterday - june.HOUR, minutes=60, watts=10)
    await world.readings(good, start=yesterday, minutes=120, watts=200)
    await world.readings(dead, start=yesterday - june.HOUR, minutes=60, watts=30)
    await world.readings(dead, start=yesterday, minutes=60, watts=600)
    await world.readings(good, start=june.NOON, minutes=1, watts=200)
    await _settle(database)
    (before, empty) = await list_fleet(database, now=june.NOW, limit=10)
    assert before.availability_yesterday == 1.0
    assert before.completeness_yesterday == pytest.approx(300 / 2880)
    assert empty.availability_yesterday is None

    # What arrives late tells that it was there, and gave nothing: 3 of 4 parts by rating, an hour.
    await world.readings(dead, start=yesterday + june.HOUR, minutes=60, watts=0)
    await _settle(database)

    (after, _) = await list_fleet(database, now=june.NOW, limit=10)
    assert after.availability_yesterday == pytest.approx((400 * 2 + 1200) / (400 * 2 + 1200 * 2))
    assert after.completeness_yesterday == pytest.approx(360 / 2880)


async def test_a_day_keeps_its_availability_whatever_comes_late_and_however_long_nobody_counted(
    database,
):
    world = june.World(database)
    alpha = await world.site("alpha", zone="Europe/Berlin")
    panel = await world.panel(alpha, "P1")
    days = [june.NOON - timedelta(days=n) for n in (3, 2, 1)]
    await world.readings(panel, start=days[0] - 24 * june.HOUR, minutes=60, watts=200)
    await world.readings(panel, start=days[0] - june.HOUR, minutes=1, watts=0)
    await _settle(database, now=days[0])
    # Two days in which nothing ran: then there is much that is new, and nothing that is late.
    for day in days:
        await world.readings(panel, start=day, minutes=120, watts=200)
    await world.readings(panel, start=june.NOON, minutes=1, watts=200)
    await _settle(database)
    assert await _availability(database) == [100.0] * 4

    await world.readings(panel, start=days[0] + 2 * june.HOUR, minutes=60, watts=0)
    await world.weather(alpha, start=days[0], minutes=180, w_m2=400)
    await _settle(database)

    assert await _availability(database) == [
        100.0,
        pytest.approx(100 * 2 / 3),
        100.0,
        100.0,
    ]


async def test_a_day_whose_late_hours_take_several_turns_is_counted_with_the_last_of_them(database):
    world = june.World(database)
    alpha = await world.site("alpha", zone="UTC")
    for number in range(300):
        await world.panel(alpha, f"P{number:03}")
    await _give_all(world, start=june.NOON - 24 * june.HOUR, hours=1, watts=200)
    await _give_all(world, start=june.NOON, hours=1, watts=200)
    await _settle(database)
    assert await _availability(database) == [100.0]

    await world.weather(alpha, start=june.NOON - 24 * june.HOUR, minutes=300, w_m2=400)
    await _give_all(world, start=june.NOON - 23 * june.HOUR, hours=4, watts=0)
    turns = 0
    while await roll_up(database, now=june.NOW + timedelta(seconds=6), retention=Retention()):
        turns += 1
    assert turns > 1
    assert await _availability(database) == [pytest.approx(20.0)]


async def _give_all(world, *, start, hours, watts):
    """Two minutes of each hour of all panels."""
    values = {"s": start, "h": hours, "w": watts * 1000}
    await world.run(
        "INSERT INTO reading_raw SELECT panel_key, CAST(:s AS timestamptz) "
        "+ h * INTERVAL '1 hour' + m * INTERVAL '1 minute', 25000, 48000, 8000, CAST(:w AS int), 0 "
        "FROM panel, generate_series(0, CAST(:h AS int) - 1) AS h, generate_series(0, 59, 59) AS m",
        **values,
    )
    await world.run(
        "INSERT INTO rollup.touched SELECT site_key, CAST(:s AS timestamptz) "
        "+ h * INTERVAL '1 hour', CAST(:s AS timestamptz) + h * INTERVAL '1 hour' "
        "+ INTERVAL '59 minutes' FROM site, generate_series(0, CAST(:h AS int) - 1) AS h",
        s=start,
        h=hours,
    )


async def _availability(database):
    async with database.at_once() as connection:
        found = await connection.execute(
            "SELECT availability_percentage FROM dashboards.site_day ORDER BY day"
        )
        return [share async for (share,) in found]


async def _settle(database, *, now=june.NOW):
    while await roll_up(database, now=now + timedelta(seconds=6), retention=Retention()):
        pass
