"""An operator's questions at a year's scale, over HTTP, quiet and while 20,000 readings/s come.

`HELIOGRAPH_BENCH_ROWS` raw readings of a site of 1,000 panels at 1 Hz (86.4 million, a day of them,
when it is not set), their aggregates made by the collector's own job, hours of a year before that,
and 999 sites more. With `HELIOGRAPH_TEST_DATABASE_URL` on that server, else on the embedded one.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psycopg

from collector.database.engine import open_database
from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention
from figures import Figure, report
from programs.collector import CollectorServer
from programs.postgres import postgres

DAY_ROWS = 86_400_000
ROWS = int(os.environ.get("HELIOGRAPH_BENCH_ROWS", DAY_ROWS))
PANELS, SITES = 1_000, 1_000
REPEATS = 200
HOURS = max(31 * 24, round(365 * 24 * ROWS / DAY_ROWS))
LOAD_SECONDS = 40

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
BEGUN = """
UPDATE rollup.progress SET (minutes_until, hours_until, days_until, reaches) =
    (%(start)s, %(start)s, date_trunc('day', %(start)s::timestamptz), %(end)s)
"""
BARE = """
SELECT bucket, power_sum_mw / power_samples::float8, power_max_mw, power_min_mw
FROM reading_1h WHERE panel_key = %s AND bucket >= %s AND bucket < %s ORDER BY bucket DESC
"""


def main() -> int:
    """Fill a database, ask each question again and again, then again under load."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        url = stack.enter_context(server.database())
        with psycopg.connect(url, autocommit=True) as connection:
            flavour, bytes_a_reading = _fill(connection, url=url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = CollectorServer(folder, database_url=url)
        stack.callback(collector.discard)
        collector.start()
        bare = _ask_bare(url)
        quiet = _ask(collector)
        script = Path(__file__).parent / "support" / "written.py"
        load = subprocess.Popen(
            [sys.executable, str(script), url, collector.url, str(LOAD_SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert load.stdout is not None
        load.stdout.readline()
        busy = _ask(collector)
        written = float(load.communicate(timeout=LOAD_SECONDS + 120)[0])
    name = f"{flavour}, {ROWS / 1e6:.0f} M rows"
    reach = {"hours": 0.015, "site": 0.05, "fleet": 0.05, "raw": 0.03}
    for question, seconds in quiet.items():
        label = f"{LABELS[question]}, {name}"
        quiet_p99, busy_p99 = np.quantile(seconds, 0.99), np.quantile(busy[question], 0.99)
        report(
            Figure(f"{label}: p99, s", quiet_p99, reach[question], "reach", 1.0, at_most=True),
            Figure(
                f"{label}, {written:,.0f} readings/s written: p99, s",
                busy_p99,
                quiet_p99,
                "quiet",
                2.0,
                at_most=True,
            ),
        )
    report(
        Figure(
            f"{LABELS['hours']}, {name}: p50, s",
            float(np.median(quiet["hours"])),
            float(np.median(bare)),
            "bare SQL",
            2.0,
            at_most=True,
        ),
        Figure(
            f"storage, {name}: bytes a reading with all indexes",
            bytes_a_reading,
            10.0,
            "reach in columnstore",
            1.0 if flavour == "TimescaleDB" else None,
            at_most=True,
        ),
    )
    return 0


LABELS = {
    "hours": "hourly buckets of a panel, 7 days",
    "site": "hourly power of 1,000 panels, 30 days",
    "fleet": "fleet of 1,000 sites",
    "raw": "last hour raw of a panel",
}


def _fill(connection: psycopg.Connection, *, url: str) -> tuple[str, float]:
    """Put everything in, and let the job aggregate what is raw; returns flavour and size."""
    seconds = ROWS // PANELS
    end = datetime.now(UTC).replace(microsecond=0)
    start = (end - timedelta(seconds=seconds)).replace(minute=0, second=0)
    seconds = round((end - start).total_seconds())
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(SITES_AND_PANELS, {"sites": SITES, "panels": PANELS})
    begun = time.perf_counter()
    for first in range(0, seconds, 3_600):
        last = min(first + 3_600, seconds) - 1
        connection.execute(RAW, {"first": first, "last": last, "start": start})
    print(f"{seconds * PANELS:,} rows in {time.perf_counter() - begun:.0f} s", flush=True)
    timescale, table = _flavour(connection)
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
        connection.execute("SELECT compress_chunk(c) FROM show_chunks('reading_raw') AS c")
        size = "hypertable_size('reading_raw')"
    else:
        size = "pg_total_relation_size('reading_raw')"
    connection.execute("VACUUM ANALYZE")
    (bytes_,) = connection.execute(f"SELECT {size}").fetchone()
    return ("TimescaleDB" if timescale else "plain PostgreSQL"), bytes_ / (seconds * PANELS)


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


async def _roll_up(url: str, *, now: datetime) -> None:
    async with open_database(url) as database:
        while await roll_up(database, now=now, retention=Retention()):
            pass


def _ask_bare(url: str) -> list[float]:
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    durations = []
    with psycopg.connect(url, autocommit=True) as connection:
        keys = connection.execute("SELECT panel_key FROM panel WHERE panel LIKE 'PANEL-____'")
        panels = [key for (key,) in keys.fetchall()]
        for number in range(REPEATS):
            values = (panels[number * 7 % PANELS], end - timedelta(days=7), end)
            began = time.perf_counter()
            rows = connection.execute(BARE, values).fetchall()
            durations.append(time.perf_counter() - began)
            assert len(rows) == 7 * 24
    return durations


def _ask(collector: CollectorServer) -> dict[str, list[float]]:
    """Ask each question in turn, of other panels each time."""
    durations: dict[str, list[float]] = {}
    headers = {"Authorization": f"Bearer {collector.token()}"}
    with httpx.Client(base_url=collector.url, headers=headers, timeout=60) as client:
        for question in LABELS:
            for number in range(REPEATS):
                path, parameters, expected = _question(question, number=number)
                began = time.perf_counter()
                answer = client.get(path, params=parameters)
                durations.setdefault(question, []).append(time.perf_counter() - began)
                assert answer.status_code == 200, answer.text
                assert len(answer.content) > expected, (path, len(answer.content))
            print(f"  {question}: {np.quantile(durations[question], [0.5, 0.99]) * 1000} ms")
    return durations


def _question(question: str, *, number: int) -> tuple[str, dict[str, str], int]:
    now = datetime.now(UTC)
    panel = f"/api/panels/PANEL-{number * 7 % PANELS + 1:04}/readings"
    times = {"start_time": (now - timedelta(days=7)).isoformat(), "end_time": now.isoformat()}
    if question == "hours":
        return panel, times | {"interval": "1h"}, 7 * 24 * 100
    if question == "raw":
        times["start_time"] = (now - timedelta(hours=1)).isoformat()
        return panel, times | {"interval": "raw", "limit": "3600"}, 10_000
    if question == "fleet":
        return "/api/fleet", {}, SITES * 100
    times["start_time"] = (now - timedelta(days=30)).isoformat()
    return "/api/sites/site-0001/series", times | {"interval": "1h"}, 30 * 24 * 10


if __name__ == "__main__":
    sys.exit(main())
