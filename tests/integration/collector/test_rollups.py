"""Aggregates are what a straight aggregation of the readings gives, however late those come."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from collector.batch import Part, Rows
from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention, delete_old
from collector.writer import Writer
from shared.readings import MISSING

NOW = datetime(2026, 6, 20, 14, 7, 31, tzinfo=UTC)
KEPT = Retention()
STRAIGHT = """
SELECT panel_key, date_trunc('{unit}', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS bucket,
       count(*)::int8, sum(power_mw)::int8, min(power_mw), max(power_mw), sum(temperature_mc)::int8,
       count(DISTINCT date_trunc('minute', time))::int8 * 60
FROM reading_raw GROUP BY 1, 2 ORDER BY 1, 2
"""
ROLLED = """
SELECT panel_key, bucket, samples, power_sum_mw, power_min_mw, power_max_mw, temperature_sum_mc,
       covered_seconds
FROM {view} ORDER BY 1, 2
"""
SITE = """
SELECT site_key, bucket, sum(energy_wh), sum(covered_seconds)::int8, sum(samples)::int8
FROM {view} JOIN panel USING (panel_key) GROUP BY 1, 2 ORDER BY 1, 2
"""
ROLLED_SITE = """
SELECT site_key, bucket, energy_wh, covered_seconds, samples
FROM site_{level}_between('2020-01-01', '2030-01-01') ORDER BY 1, 2
"""


@pytest.fixture
def postgres_url(plain_url):
    """These aggregates are for where TimescaleDB has none."""
    return plain_url


@pytest.fixture
def panels(rows, postgres_url):
    """Two panels each of two sites: their sites' keys by their own."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO site (site, name) VALUES ('a', 'A'), ('b', 'B')")
        connection.execute(
            "INSERT INTO panel (site_key, panel) SELECT site_key, 'P' || n "
            "FROM site, generate_series(1, 2) AS n ORDER BY site_key, n"
        )
    return dict(rows("SELECT panel_key, site_key FROM panel"))


def part(panels, panel, *, start, seconds, step=7, watts=200):
    """Readings of one panel every few seconds."""
    time = np.arange(0, seconds, step, dtype=np.int64) * 1_000_000
    time += round(start.timestamp()) * 1_000_000
    power = (watts * 1000 + np.arange(len(time)) % 997).astype(np.int32)
    missing = np.full(len(time), MISSING, np.int32)
    return Part(
        panels[panel],
        None,
        rows=Rows(
            panel_key=np.full(len(time), panel, np.int32),
            time_us=time,
            temperature_mc=(power // 9).astype(np.int32),
            voltage_mv=missing,
            current_ma=missing,
            power_mw=power,
            quality=np.zeros(len(time), np.int16),
        ),
    )


@pytest.fixture
def store(database):
    """Store parts as a request does."""

    async def put(*parts, now=NOW):
        writer = Writer(database)
        running = asyncio.create_task(writer.run())
        await writer.write(list(parts), now=now)
        running.cancel()

    return put


@pytest.fixture
def settle(database):
    """Run the job until it has nothing more to do."""

    async def until_done(now=NOW):
        while await roll_up(database, now=now, retention=KEPT):
            pass

    return until_done


@pytest.fixture
def right(rows):
    """Compare every aggregate with a straight aggregation of the raw readings."""

    def compare():
        for level, unit in (("1m", "minute"), ("1h", "hour"), ("1d", "day")):
            straight = rows(STRAIGHT.format(unit=unit))
            assert straight
            assert rows(ROLLED.format(view=f"reading_{level}")) == straight
            between = f"reading_{level}_between('2020-01-01', '2030-01-01')"
            assert rows(ROLLED.format(view=between)) == straight
            wanted = rows(SITE.format(view=f"reading_{level}"))
            found = rows(ROLLED_SITE.format(level=level))
            assert [row[:2] + row[3:] for row in found] == [row[:2] + row[3:] for row in wanted]
            assert [row[2] for row in found] == pytest.approx([row[2] for row in wanted])

    return compare


async def test_before_the_job_ever_ran_aggregates_are_right(panels, store, right):
    await store(part(panels, 1, start=NOW - timedelta(hours=3), seconds=7_000))
    right()


async def test_what_the_job_has_done_is_right_and_what_is_new_since_then_too(
    panels, store, settle, right, rows
):
    for panel in panels:
        await store(part(panels, panel, start=NOW - timedelta(days=2), seconds=172_800, step=61))
    await settle()
    right()
    until = rows("SELECT minutes_until, hours_until, days_until FROM rollup.progress")
    assert until == [
        (
            datetime(2026, 6, 20, 14, 7, tzinfo=UTC),
            datetime(2026, 6, 20, 14, tzinfo=UTC),
            datetime(2026, 6, 20, tzinfo=UTC),
        )
    ]
    assert rows("SELECT count(*) FROM rollup.hour")[0][0] > 100
    await store(part(panels, 2, start=NOW - timedelta(seconds=30), seconds=29, step=1))
    right()


async def test_readings_three_weeks_late_correct_all_that_they_touch(panels, store, settle, right):
    for panel in panels:
        await store(part(panels, panel, start=NOW - timedelta(hours=3), seconds=10_800, step=30))
    await settle()
    start = NOW - timedelta(days=21, hours=3, minutes=11)
    await store(part(panels, 1, start=start, seconds=90_000, step=47))
    await store(part(panels, 3, start=start, seconds=400, watts=90))
    await settle()
    right()
    # More for the same minutes, as from a second gateway; and a repeat of what is there.
    await store(part(panels, 1, start=start + timedelta(seconds=3), seconds=90_000, step=47))
    await store(part(panels, 1, start=start, seconds=90_000, step=47))
    await settle()
    right()


async def test_readings_that_commit_while_the_job_runs_are_not_missed(
    panels, store, settle, right, database
):
    await store(part(panels, 1, start=NOW - timedelta(hours=3), seconds=10_000))
    # The job goes one step at a time, and something late comes between each two.
    for number in range(6):
        await roll_up(database, now=NOW, retention=KEPT)
        late = NOW - timedelta(hours=3, minutes=-number * 9)
        await store(part(panels, 1 + number % 4, start=late, seconds=300, step=11))
    await settle()
    right()


async def test_readings_older_than_raw_ones_are_kept_add_to_what_was_aggregated(
    panels, store, settle, rows, database
):
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    await store(part(panels, 1, start=start, seconds=3_600))
    await store(part(panels, 1, start=NOW - timedelta(hours=1), seconds=60))
    await settle()
    await delete_old(database, now=NOW, retention=KEPT)
    assert rows("SELECT count(*) FROM reading_raw WHERE time < '2026-05-20'") == [(0,)]
    query = (
        "SELECT panel_key, samples FROM reading_{} WHERE bucket < '2026-05-20' ORDER BY 1, bucket"
    )
    before = rows(query.format("1d"))
    assert before == [(1, 515)]

    # Minutes that are not aggregated are added, what is there from more readings stays.
    await store(part(panels, 1, start=start + timedelta(minutes=50), seconds=1_200, step=20))
    await store(part(panels, 2, start=start, seconds=100, step=10))
    await delete_old(database, now=NOW, retention=KEPT)
    assert rows("SELECT count(*) FROM reading_raw WHERE time < '2026-05-20'") == [(70,)]
    await settle()
    await delete_old(database, now=NOW, retention=KEPT)
    assert rows("SELECT count(*) FROM reading_raw WHERE time < '2026-05-20'") == [(0,)]
    assert rows(query.format("1d")) == [(1, 515 + 30), (2, 10)]
    assert rows(query.format("1h")) == [(1, 515), (1, 30), (2, 10)]


async def test_of_two_programs_one_works_and_the_other_finds_nothing_to_do(
    panels, store, database, postgres_url
):
    await store(part(panels, 1, start=NOW - timedelta(hours=3), seconds=10_000))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x48_45_4C_52])
        assert not await roll_up(database, now=NOW, retention=KEPT)
        other.execute("SELECT pg_advisory_unlock_all()")
    assert await roll_up(database, now=NOW, retention=KEPT)


async def test_what_is_older_than_set_goes_and_the_longer_kept_stays(
    panels, store, settle, rows, database
):
    await store(part(panels, 1, start=NOW - timedelta(days=3), seconds=172_800, step=60))
    await settle()
    short = Retention(raw=timedelta(days=2), minutes=timedelta(days=2), hours=timedelta(days=2))
    await delete_old(database, now=NOW, retention=short)
    oldest = NOW - timedelta(days=2)
    for table, column in (
        ("reading_raw", "time"),
        ("rollup.minute", "bucket"),
        ("rollup.site_1m", "bucket"),
        ("rollup.hour", "bucket"),
    ):
        assert rows(f"SELECT min({column}) >= %s FROM {table}", oldest) == [(True,)]
    assert rows("SELECT count(*) FROM rollup.day") == [(2,)]
