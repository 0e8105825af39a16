"""A year's data: raw readings of a site of 1,000 panels, hours before them, 999 sites more."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

import psycopg

from collector.database.engine import open_database
from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention

DAY_ROWS = 86_400_000
ROWS = int(os.environ.get("HELIOGRAPH_BENCH_ROWS", DAY_ROWS))
PANELS, SITES = 1_000, 1_000
HOURS = max(31 * 24, round(365 * 24 * ROWS / DAY_ROWS))

SITES_AND_PANELS = """
INSERT INTO site (site, name, timezone)
SELECT 'site-' || to_char(n, 'FM0000'), 'Site ' || n, 'Europe/Berlin'
FROM generate_series(1, %(sites)s) AS n;
INSERT INTO panel (site_key, panel, rated_watts, panel_group)
SELECT site_key, 'PANEL-' || to_char(n, 'FM0000'), 400, 'south'
FROM site, generate_series(1, %(panels)s) AS n WHERE site = 'site-0001';
INSERT INTO panel (site_key, panel, rated_watts)
SELECT site_key, 'PANEL-' || n, 400 FROM site, generate_series(1, 5) AS n WHERE site <> 'site-0001';
"""
RAW = """
INSERT INTO reading_raw
SELECT panel_key, moment, 41300 + n %% 300, 34000 + n %% 700, 7090,
       241000 + (n * panel_key) %% 4000, 0
FROM generate_series(%(first)s::int, %(last)s::int) AS n,
     LATERAL (SELECT %(start)s::timestamptz + n * interval '1 second') AS t (moment),
     panel WHERE panel LIKE 'PANEL-____'
"""
HOUR = """
INSERT INTO {table} (panel_key, bucket, samples, power_samples, power_sum_mw, power_min_mw,
    power_max_mw, temperature_samples, temperature_sum_mc, temperature_min_mc, temperature_max_mc,
    voltage_samples, voltage_sum_mv, current_samples, current_sum_ma, quality, energy_wh,
    covered_seconds)
SELECT panel_key, %(start)s::timestamptz - n * interval '1 hour', 3600, 3600,
       3600::bigint * 241000, 200000, 245000, 3600, 3600::bigint * 41000, 40000, 42000,
       3600, 3600::bigint * 34000, 3600, 3600::bigint * 7090, 0, 241, 3600
FROM generate_series(1, %(hours)s::int) AS n, panel WHERE panel LIKE 'PANEL-____'
"""
SITE_HOUR = """
INSERT INTO rollup.site_1h
SELECT site_key, %(start)s::timestamptz - n * interval '1 hour', 60, 60 * 241e6, 200e6, 245e6,
       3600, 3600::bigint * 41000, 3600, 241000, 3600
FROM generate_series(1, %(hours)s::int) AS n, site
WHERE n <= CASE WHEN site = 'site-0001' THEN %(hours)s::int ELSE 72 END
"""
SITE_MINUTE = """
INSERT INTO rollup.site_1m
SELECT site_key, bucket, 1, 2e6, 2e6, 2e6, 300, 300 * 41000, 300, 33, 300
FROM site, generate_series(
    date_trunc('hour', now()) - interval '1 hour',
    (SELECT minutes_until FROM rollup.progress) - interval '1 minute', interval '1 minute'
) AS bucket
WHERE site <> 'site-0001' ON CONFLICT DO NOTHING
"""
LEVELS = ("1m", "1h", "1d")
BEGUN = """
UPDATE rollup.progress SET (minutes_until, hours_until, days_until, reaches) =
    (%(start)s, %(start)s, date_trunc('day', %(start)s::timestamptz), %(end)s)
"""


def fill(connection: psycopg.Connection, *, url: str) -> tuple[str, datetime]:
    """Put everything in, and let the job aggregate what is raw.

    Returns what database it is, and the end of its readings.
    """
    seconds = ROWS // PANELS
    end = datetime.now(UTC).replace(microsecond=0)
    start = (end - timedelta(seconds=seconds)).replace(minute=0, second=0)
    seconds = round((end - start).total_seconds())
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(SITES_AND_PANELS, {"sites": SITES, "panels": PANELS})
    timescale, table = _flavour(connection)
    if timescale:
        _look_at_what_is_not_there(connection, start - timedelta(hours=HOURS + 24), start)
    begun = time.perf_counter()
    for first in range(0, seconds, 3_600):
        last = min(first + 3_600, seconds) - 1
        connection.execute(RAW, {"first": first, "last": last, "start": start})
    print(f"{seconds * PANELS:,} rows in {time.perf_counter() - begun:.0f} s", flush=True)
    values = {"start": start, "hours": HOURS, "end": end}
    connection.execute(HOUR.format(table=table), values)
    connection.execute(SITE_HOUR, values)
    connection.execute(BEGUN, values)
    connection.execute("VACUUM ANALYZE")
    begun = time.perf_counter()
    asyncio.run(_roll_up(url, now=end))
    print(f"aggregated in {time.perf_counter() - begun:.0f} s", flush=True)
    connection.execute(SITE_MINUTE)
    if timescale:
        _settle(connection)
    connection.execute("VACUUM ANALYZE")
    return "TimescaleDB" if timescale else "plain PostgreSQL", end


def _flavour(connection: psycopg.Connection) -> tuple[bool, str]:
    """Tell whether it is TimescaleDB, and where the hours of panels are."""
    timescale = connection.execute(
        "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
    ).fetchone()[0]
    table = "rollup.hour"
    if timescale:
        (table,) = connection.execute(
            "SELECT format('%I.%I', materialization_hypertable_schema, "
            "materialization_hypertable_name) FROM timescaledb_information.continuous_aggregates "
            "WHERE view_name = 'reading_1h'"
        ).fetchone()
    return bool(timescale), table


def _look_at_what_is_not_there(
    connection: psycopg.Connection, first: datetime, last: datetime
) -> None:
    """Have TimescaleDB aggregate an empty time: it would do so later, and take its hours away."""
    for level in LEVELS:
        connection.execute(
            "CALL refresh_continuous_aggregate(%s, %s::timestamptz, %s::timestamptz)",
            [f"reading_{level}", first, last],
        )


def _settle(connection: psycopg.Connection) -> None:
    """Run TimescaleDB's own jobs once, as they have run long ago where a year's data is."""
    jobs = connection.execute(
        "SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"
    )
    begun = time.perf_counter()
    for (job,) in jobs.fetchall():
        connection.execute("CALL run_job(%s)", [job])
    print(f"the jobs of TimescaleDB in {time.perf_counter() - begun:.0f} s", flush=True)


async def _roll_up(url: str, *, now: datetime) -> None:
    async with open_database(url) as database:
        while await roll_up(database, now=now, retention=Retention()):
            pass
