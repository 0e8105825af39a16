"""Late readings on both flavours: every aggregate is what the raw readings give."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention
from collector.queries.fleet import list_fleet
from collector.queries.intervals import Period
from collector.queries.readings import list_buckets
from timescale import world as june

NOW = datetime.now(UTC).replace(second=31, microsecond=0)
KEPT = Retention()
READINGS = """
INSERT INTO reading_raw SELECT CAST(:panel AS int), CAST(:start AS timestamptz)
       + n * CAST(:step AS int) * INTERVAL '1 second', 20000 + n, NULL, 7000,
       200000 + n % 997, 0
FROM generate_series(0, CAST(:count AS int) - 1) AS n ON CONFLICT DO NOTHING
"""
# As `collector.database.touched` does: hour by hour.
TOUCHED = """
INSERT INTO rollup.touched
SELECT site_key, min(time), max(time) FROM reading_raw JOIN panel USING (panel_key)
WHERE panel_key = :panel AND time >= :start
  AND time < CAST(:start AS timestamptz)
             + CAST(:count AS int) * CAST(:step AS int) * INTERVAL '1 second'
GROUP BY site_key, time_bucket('1 hour', time)
"""
STRAIGHT = """
SELECT panel_key, time_bucket('{width}', time) AS bucket, count(*), sum(power_mw), min(power_mw),
       max(power_mw), count(DISTINCT time_bucket('1 minute', time)) * 60
FROM reading_raw GROUP BY 1, 2 ORDER BY 1, 2
"""
ROLLED = """
SELECT panel_key, bucket, samples, power_sum_mw, power_min_mw, power_max_mw, covered_seconds
FROM {view} ORDER BY 1, 2
"""

HOURS = """
SELECT time_bucket('1 hour', minute), sum(samples)::int8, max(most) / 1000::float8,
       sum(watts) / 60
FROM (
    SELECT time_bucket('1 minute', time) AS minute, count(*) AS samples, max(power_mw) AS most,
           avg(power_mw)::float8 / 1000 AS watts
    FROM reading_raw WHERE panel_key = :panel GROUP BY 1
) AS minutes
GROUP BY 1
HAVING time_bucket('1 hour', minute) >= CAST(:start AS timestamptz)
   AND time_bucket('1 hour', minute) < CAST(:end AS timestamptz)
ORDER BY 1 DESC
"""


class Store:
    def __init__(self, database):
        self.database = database

    async def ask(self, statement, **values):
        async with self.database.begin() as connection:
            return await june.ask(connection, statement, **values)

    async def put(self, panel, *, start, count, step):
        values = {"panel": panel, "start": start, "count": count, "step": step}
        await self.ask(READINGS, **values)
        await self.ask(TOUCHED, **values)

    async def settle(self):
        while await roll_up(self.database, now=NOW, retention=KEPT):
            pass

    async def tables_are_right(self):
        """Compare what is kept, not what is made when asked."""
        ((until,),) = await self.ask("SELECT minutes_until FROM rollup.progress")
        for level, width in (("1m", "1 minute"), ("1h", "1 hour"), ("1d", "1 day")):
            straight = await self.ask(STRAIGHT.format(width=width))
            assert straight
            assert await self.ask(ROLLED.format(view=f"reading_{level}")) == straight
            covered = await self.ask(
                f"SELECT site_key, sum(covered_seconds)::int8, sum(samples)::int8 "
                f"FROM site_{level}_between('2020-01-01', '2099-01-01') GROUP BY 1"
            )
            assert [(row[1], row[2]) for row in covered] == [
                (sum(row[6] for row in straight), sum(row[2] for row in straight))
            ]
        return until


@pytest.fixture
def database_url(own_url):
    return own_url


@pytest.fixture
async def store(database):
    store = Store(database)
    await store.ask("INSERT INTO site (site, name) VALUES ('late', 'Late')")
    await store.ask(
        "INSERT INTO panel (site_key, panel) "
        "SELECT site_key, n::text FROM site, generate_series(1, 2) AS n"
    )
    store.panels = [key for (key,) in await store.ask("SELECT panel_key FROM panel ORDER BY 1")]
    return store


async def test_late_readings_correct_every_aggregate_in_one_run_of_the_job(store, database):
    first, second = store.panels
    for panel in store.panels:
        await store.put(panel, start=NOW - timedelta(hours=30), count=1_800, step=60)
    await store.settle()
    until = await store.tables_are_right()
    assert NOW - until < timedelta(minutes=2)
    if database.flavour.kind == "timescale":
        await store.ask("SELECT compress_chunk(chunk) FROM show_chunks('reading_raw') AS chunk")

    late = NOW - timedelta(days=21, hours=2)
    await store.put(first, start=late, count=400, step=30)
    await store.put(second, start=NOW - timedelta(hours=29, seconds=-7), count=200, step=30)
    await store.settle()
    await store.tables_are_right()


async def test_hours_of_a_panel_are_what_its_readings_give_wherever_the_job_has_got_to(
    store, database
):
    for panel in store.panels:
        await store.put(panel, start=NOW - timedelta(hours=5), count=300, step=60)
    noon = NOW.replace(minute=0, second=0)
    periods = [
        Period(NOW - timedelta(hours=5), NOW + timedelta(hours=2)),
        Period(NOW - timedelta(hours=4), NOW - timedelta(hours=2)),
        Period(noon - timedelta(hours=3), noon),
        Period(noon - timedelta(hours=1), noon + timedelta(microseconds=1)),
        Period(NOW - timedelta(minutes=1), NOW),
        Period(NOW + timedelta(hours=1), NOW + timedelta(hours=2)),
    ]
    for behind in (timedelta(hours=3), timedelta(minutes=75), timedelta(0)):
        while await roll_up(database, now=NOW - behind, retention=KEPT):
            pass
        if behind == timedelta(minutes=75) and database.flavour.kind == "timescale":
            # As its own jobs do: what is kept reaches further than ours has got to.
            async with database.at_once() as connection:
                for view in ("reading_1m", "reading_1h"):
                    await connection.execute(
                        f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)"
                    )
        for period in periods:
            buckets = await list_buckets(
                database, panel="1", site=None, period=period, seconds=3_600, now=NOW
            )
            assert [
                (one.timestamp, one.samples, one.max_power, pytest.approx(one.energy_wh))
                for one in buckets
            ] == await store.ask(
                HOURS,
                panel=store.panels[0],
                start=period.widened(3_600).start,
                end=period.end,
            )


@pytest.mark.parametrize("own_url", ["timescale"], indirect=True)
async def test_hours_that_timescaledb_keeps_are_told_also_where_our_job_is_behind_what_is_gone(
    store, database
):
    await store.put(store.panels[0], start=NOW - timedelta(hours=5), count=300, step=60)
    await store.settle()
    period = Period(NOW - timedelta(hours=5), NOW.replace(minute=0, second=0))
    asked = {"panel": "1", "site": None, "period": period, "seconds": 3_600, "now": NOW}
    before = await list_buckets(database, **asked)
    await store.ask(
        "UPDATE rollup.progress SET minutes_until = minutes_until - INTERVAL '40 days', "
        "hours_until = hours_until - INTERVAL '40 days'"
    )
    await store.ask("DELETE FROM reading_raw")
    assert before
    assert await list_buckets(database, **asked) == before


async def test_readings_older_than_raw_ones_are_kept_add_to_their_day(store, database):
    first, second = store.panels
    old = (NOW - timedelta(days=40)).replace(hour=12, minute=0, second=0)
    await store.put(first, start=NOW - timedelta(hours=1), count=2, step=60)
    await store.settle()
    await store.put(first, start=old, count=120, step=30)
    await store.settle()
    # Retention drops the readings, and what comes later has to leave alone what they became.
    await store.ask(
        "DELETE FROM reading_raw WHERE time < CAST(:day AS timestamptz)",
        day=NOW - timedelta(days=30),
    )
    await store.put(first, start=old + timedelta(minutes=50), count=20, step=60)
    await store.put(second, start=old, count=10, step=60)
    await store.settle()
    for level in ("1m", "1h", "1d"):
        assert await store.ask(
            f"SELECT panel_key, sum(samples)::int8 FROM reading_{level} "
            "WHERE bucket < CAST(:day AS timestamptz) GROUP BY 1 ORDER BY 1",
            day=NOW - timedelta(days=30),
        ) == [(first, 130), (second, 10)]


async def test_the_fleet_shows_today_and_yesterday_of_each_sites_own_days(database):
    world = june.World(database)
    sites = {
        name: await world.site(name, zone=zone)
        for name, zone in (("alpha", "Europe/Berlin"), ("kolkata", "Asia/Kolkata"))
    }
    for name, midnight in (
        ("alpha", datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("kolkata", datetime(2026, 5, 31, 18, 30, tzinfo=UTC)),
    ):
        panel = await world.panel(sites[name], "P")
        await world.readings(
            panel, start=midnight - 24 * june.HOUR - 5 * june.MINUTE, minutes=10, watts=600
        )
        await world.readings(panel, start=midnight - 10 * june.MINUTE, minutes=40, watts=60)
        await world.readings(panel, start=june.NOW - 2 * june.MINUTE, minutes=2, watts=240)
    await world.alert(sites["alpha"], None, episode="a", severity="critical")
    await world.run(
        "INSERT INTO gateway (gateway, site_key, public_key, last_seen_at, health) VALUES "
        "('g1', :k, sha256('1'), :seen, '{\"outbox_rows\": 5}'), "
        "('g2', :k, sha256('2'), NULL, '{\"outbox_rows\": \"many\"}')",
        k=sites["alpha"],
        seen=june.NOW,
    )
    while await roll_up(database, now=june.NOW + timedelta(seconds=6), retention=Retention()):
        pass

    alpha, kolkata = await list_fleet(database, now=june.NOW, limit=10)

    for site in (alpha, kolkata):
        assert site.energy_today_wh == pytest.approx(30 + 8)
        assert site.energy_yesterday_wh == pytest.approx(10 + 50)
        assert site.specific_yield_yesterday_kwh_per_kwp == pytest.approx(0.06 / 0.4)
        assert site.completeness_yesterday == pytest.approx(15 / 1440)
        assert site.availability_yesterday == 1.0
        assert (site.power_watts, site.power_at) == (240.0, june.NOW - june.MINUTE)
    assert alpha.completeness_today == pytest.approx(32 / (14.5 * 60))
    assert (alpha.open_alerts.critical, kolkata.open_alerts.critical) == (1, 0)
    assert (alpha.gateways, alpha.gateways_silent, alpha.gateways_behind) == (2, 1, 1)
    assert [site.site for site in await list_fleet(database, now=june.NOW, limit=1)] == ["alpha"]
    assert [s.site for s in await list_fleet(database, now=june.NOW, limit=1, after="alpha")] == [
        "kolkata"
    ]


async def test_hours_are_made_once_the_minutes_have_caught_up(store):
    # Over a midnight, and long before now.
    begin = NOW.replace(hour=0, minute=0, second=0) - timedelta(hours=27)
    await store.put(store.panels[0], start=begin, count=5 * 60, step=60)
    until = "SELECT hours_until FROM rollup.progress"
    turns = 0
    while await roll_up(store.database, now=NOW, retention=KEPT):
        turns += 1
        assert (await store.ask(until))[0][0] < begin
    assert turns >= 4
    assert await store.ask(until) == [(begin + timedelta(hours=5),)]


async def test_readings_are_looked_at_for_a_sites_minutes_only_where_the_job_is_behind(store):
    await store.put(store.panels[0], start=NOW - timedelta(hours=9), count=60, step=10)
    assert await _readings_looked_at(store)
    await store.settle()
    # Nothing came for hours: the newest minute is old, and yet there is nothing to look for.
    assert not await _readings_looked_at(store)


async def _readings_looked_at(store):
    """Tell whether asking for the minutes of the day executes any scan of readings."""
    ((plan,),) = await store.ask(
        "EXPLAIN (ANALYZE, FORMAT JSON) "
        "SELECT * FROM site_1m_between(now() - INTERVAL '1 day', now() + INTERVAL '1 hour')"
    )
    tables = {"reading_raw"}
    if store.database.flavour.kind == "timescale":
        tables |= {
            name
            for (name,) in await store.ask(
                "SELECT chunk_name FROM timescaledb_information.chunks "
                "WHERE hypertable_name = 'reading_raw'"
            )
        }
    return any(
        node.get("Relation Name") in tables and node["Actual Loops"]
        for node in _nodes(plan[0]["Plan"])
    )


def _nodes(node):
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
