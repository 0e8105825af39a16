"""What only TimescaleDB does: background jobs, columns, late data."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.database.engine import open_database
from collector.database.rollups.retention import Retention, delete_old
from timescale.world import ask

POLICIES = """
SELECT job_id, proc_name, hypertable_name, config FROM timescaledb_information.jobs
WHERE hypertable_schema = 'public' OR proc_name = 'policy_refresh_continuous_aggregate'
   OR proc_name = 'policy_retention'
"""


@pytest.fixture
async def timescale(own_timescale_url):
    async with open_database(own_timescale_url) as database:
        yield database
        async with database.begin() as connection:
            await connection.execute("DELETE FROM reading_raw")


async def policy(database, kind, table):
    """Return the number of a job and how it is set up."""
    async with database.at_once() as connection:
        rows = await ask(connection, POLICIES)
    ((job, config),) = [
        (job, config) for job, name, of, config in rows if (name, of) == (f"policy_{kind}", table)
    ]
    return job, config


async def test_refreshing_reaches_almost_as_far_back_as_raw_readings_are_kept(timescale):
    _, kept = await policy(timescale, "retention", "reading_raw")
    for table in ("reading_1m", "reading_1h", "reading_1d"):
        _, refreshed = await policy(timescale, "refresh_continuous_aggregate", table)
        assert (kept["drop_after"], refreshed["start_offset"]) == ("30 days", "29 days")


async def test_minutes_are_kept_two_years_and_hours_for_ever(timescale):
    for table in ("reading_1m", "detection_window"):
        _, kept = await policy(timescale, "retention", table)
        assert kept["drop_after"] == "2 years"
    for table in ("reading_1h", "reading_1d"):
        with pytest.raises(ValueError, match="unpack"):
            await policy(timescale, "retention", table)


async def test_the_policies_fill_all_aggregates(timescale):
    insert = """
INSERT INTO reading_raw SELECT 1, now() - n * INTERVAL '1 hour', 20000, 40000, 7000, 280000, 0
FROM generate_series(1, 600) AS n
"""
    async with timescale.begin() as connection:
        await connection.execute(insert)
    for table in ("reading_1m", "reading_1h", "reading_1d"):
        job, _ = await policy(timescale, "refresh_continuous_aggregate", table)
        async with timescale.at_once() as connection:
            await connection.execute(f"CALL run_job({job})")
            assert await ask(connection, f"SELECT sum(samples) FROM {table}") == [(600,)]


async def test_late_readings_enter_compressed_chunks_and_their_aggregates_without_repeats(
    timescale,
):
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=9)
    insert = """
INSERT INTO reading_raw SELECT 3, CAST(:start AS timestamptz) + n * INTERVAL '10 seconds',
       20000, 40000, 7000, 280000, 0
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n ON CONFLICT DO NOTHING
RETURNING time
"""
    refresh = "CALL refresh_continuous_aggregate('reading_1m', :start, :end)"
    compress = "SELECT compress_chunk(chunk) FROM show_chunks('reading_raw') AS chunk"
    window = {"start": start, "end": start + timedelta(hours=1)}
    async with timescale.begin() as connection:
        await ask(connection, insert, start=start, first=0, last=59)
    async with timescale.at_once() as connection:
        await ask(connection, refresh, **window)
        await ask(connection, compress)
    async with timescale.begin() as connection:
        assert len(await ask(connection, insert, start=start, first=30, last=89)) == 30
    async with timescale.at_once() as connection:
        await ask(connection, refresh, **window)
        for counted in (
            "SELECT count(*) FROM reading_raw WHERE panel_key = 3",
            "SELECT sum(samples) FROM reading_1m WHERE panel_key = 3",
        ):
            assert await ask(connection, counted) == [(90,)]


async def test_readings_can_be_kept_for_as_few_days_as_the_setting_allows(timescale):
    now = datetime.now(UTC)
    await delete_old(timescale, now=now, retention=Retention(raw=timedelta(days=3)))
    try:
        _, kept = await policy(timescale, "retention", "reading_raw")
        _, days = await policy(timescale, "refresh_continuous_aggregate", "reading_1d")
        assert (kept["drop_after"], days["start_offset"]) == ("3 days", "2 days")
    finally:
        await delete_old(timescale, now=now, retention=Retention())
