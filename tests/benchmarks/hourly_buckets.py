"""Hourly buckets of one panel over seven days at 1 Hz, over HTTP and as bare SQL."""

import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psycopg

from figures import Figure, report
from programs.collector import CollectorServer
from programs.postgres import postgres

DAYS = 7
REPEATS = 15
PROMISE_SECONDS = 0.050

FILL = """
INSERT INTO reading_raw
SELECT %(panel)s, moment, 41300, 34000 + n %% 700, 7090, 241000 + n %% 4000, 0
FROM generate_series(0, %(rows)s - 1) AS n,
     LATERAL (SELECT %(start)s::timestamptz + n * interval '1 second') AS t (moment)
"""
BARE = """
SELECT bucket, power_sum_mw / power_samples::float8, power_max_mw, power_min_mw
FROM reading_1h WHERE panel_key = %s AND bucket >= %s AND bucket < %s ORDER BY bucket DESC
"""


def main() -> int:
    """Fill seven days, refresh the aggregates where there are any, and ask again and again."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        url = stack.enter_context(server.database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = CollectorServer(folder, database_url=url)
        stack.callback(collector.discard)
        collector.start()
        collector.command("site", "add", "bench")
        bare = []
        with psycopg.connect(url, autocommit=True) as connection:
            flavour, panel = _fill(connection, start=start)
            for _ in range(REPEATS):
                began = time.perf_counter()
                connection.execute(BARE, (panel, start, end)).fetchall()
                bare.append(time.perf_counter() - began)
        over_http = _ask(collector, start=start, end=end)
    report(
        Figure(
            f"hourly buckets, 7 days, {flavour}: HTTP p50, s",
            float(np.median(over_http)),
            float(np.median(bare)),
            "bare SQL",
        ),
        Figure(
            f"hourly buckets, 7 days, {flavour}: HTTP p99, s",
            float(np.quantile(over_http, 0.99)),
            PROMISE_SECONDS,
            "promise",
        ),
    )
    return 0


def _fill(connection: psycopg.Connection, *, start: datetime) -> tuple[str, int]:
    panel = connection.execute(
        "INSERT INTO panel (site_key, panel) SELECT site_key, 'PANEL-001' FROM site "
        "RETURNING panel_key"
    ).fetchone()[0]
    connection.execute(FILL, {"panel": panel, "rows": DAYS * 86_400, "start": start})
    connection.execute("ANALYZE reading_raw")
    timescale = connection.execute(
        "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
    ).fetchone()[0]
    if timescale:
        for view in ("reading_1m", "reading_1h", "reading_1d"):
            connection.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)")
    return ("TimescaleDB" if timescale else "plain PostgreSQL"), panel


def _ask(collector: CollectorServer, *, start: datetime, end: datetime) -> list[float]:
    durations = []
    headers = {"Authorization": f"Bearer {collector.token()}"}
    parameters = {
        "start_time": start.isoformat(),
        "end_time": end.isoformat(),
        "interval": "1h",
    }
    with httpx.Client(base_url=collector.url, headers=headers, timeout=60) as client:
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = client.get("/api/panels/PANEL-001/readings", params=parameters)
            durations.append(time.perf_counter() - began)
            assert len(answer.json()) == DAYS * 24, answer.text[:500]
    return durations


if __name__ == "__main__":
    sys.exit(main())
