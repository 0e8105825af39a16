"""How fast a backlog of 1,000 panels drains while their live data flows on, and how late that is.

The outbox holds merged segments as the agent makes them; the database itself tells when each row
was committed. The rate holds for a backlog of any length: each segment is sent once, in turn.
"""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg

from edge_agent.outbox import open_outbox
from edge_agent.sealed import seal
from figures import Figure, report
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from programs.waiting import wait_until
from shared.readings import Readings
from shared.segments import Segment, readings_table
from support.live import live

PANELS = 1_000
RATE = 1_000
SEGMENT_SECONDS = 50
"""Of 1,000 panels: the 50,000 rows up to which the agent merges."""
BACKLOG = int(os.environ.get("BENCHMARK_DRAIN_READINGS", "5_000_000"))
LIVE_SECONDS = int(os.environ.get("BENCHMARK_DRAIN_SECONDS", "120"))
FIRST_SECONDS = 5
"""Live rows of the start do not count for the latency: all panels are new to the collector."""
TIMES_FASTER = 50
P99_SECONDS = 0.250

COMMITS = """
SELECT extract(epoch FROM min(pg_xact_commit_timestamp(xmin)))::float8,
       extract(epoch FROM max(pg_xact_commit_timestamp(xmin)))::float8
FROM reading_raw WHERE time < %s
"""
LATENCIES = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - time)::float8
FROM reading_raw WHERE time >= %s AND time < %s
"""


async def fill(outbox: Path, *, readings: int, before: datetime) -> None:
    """Write a backlog that ends at a moment, as an agent does whose collector is away."""
    site = Site(name="bench", panels=PANELS, latitude=48.0, longitude=0.0, seed=1)
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    sample = Simulation(site).panels(noon, seconds=SEGMENT_SECONDS)
    segments = -(-readings // len(sample))
    stream = uuid4()
    async with open_outbox(outbox, max_bytes=4_000_000_000, spill_after=1.0) as file:
        for number in range(segments):
            start = before - timedelta(seconds=SEGMENT_SECONDS * (segments - number))
            tables = {"readings": readings_table(shifted(sample, by=start - noon))}
            first = 100 * number  # flushes of half a second
            sealed = seal(Segment(stream, first, first + 99, tables))
            await file.keep([sealed], settled=asyncio.Event())
        print(
            f"backlog: {file.shelf.stock.rows:,} readings in {file.shelf.stock.segments} segments, "
            f"{file.shelf.stock.size_bytes / file.shelf.stock.rows:.2f} bytes each",
            flush=True,
        )


def shifted(readings: Readings, *, by: timedelta) -> Readings:
    """Return readings as of another time."""
    columns = {name: getattr(readings, name) for name in readings.__dataclass_fields__}
    return Readings(**columns | {"time_us": readings.time_us + round(by.total_seconds() * 1e6)})


def main() -> int:
    """Fill, start the agent with live data, and let the database tell."""
    with live(profile="realtime", track_commits=True) as system:
        system.agent.stop()
        before = datetime.now(UTC) - timedelta(minutes=1)
        outbox = system.agent.config.with_name("outbox.db")
        asyncio.run(fill(outbox, readings=BACKLOG, before=before))
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            with system.publisher(panels=PANELS, rate=RATE, seconds=LIVE_SECONDS) as publisher:
                time.sleep(1)
                began = datetime.now(UTC)
                system.agent.start()
                wait_until(
                    lambda: connection.execute(
                        "SELECT count(*) >= %s FROM reading_raw WHERE time < %s", [BACKLOG, before]
                    ).fetchone()[0],
                    timeout=600,
                    what="the backlog is stored",
                    every=2.0,
                )
                published = int(publisher.communicate()[0])
            stored = system.wait_for_rows(BACKLOG + published)
            first, last = connection.execute(COMMITS, [before]).fetchone()
            drained = datetime.fromtimestamp(last, UTC)
            latencies = np.array(
                connection.execute(
                    LATENCIES, [began + timedelta(seconds=FIRST_SECONDS), drained]
                ).fetchall()
            )
    begun = first - began.timestamp()
    print(f"drained in {last - first:.1f} s, from {begun:.1f} s after the agent's start on")
    rate = BACKLOG / (last - first)
    p50, p99 = np.quantile(latencies, (0.5, 0.99))
    report(
        Figure("drain beside live data, readings/s", rate, RATE, "live rate", TIMES_FASTER),
        Figure("live p99 while draining, s", p99, P99_SECONDS, "promise", 1.0, at_most=True),
        Figure("live p50 while draining, s", p50, P99_SECONDS, "promise"),
        Figure("rows stored of readings kept", stored, BACKLOG + published, "published", 1.0),
    )
    return 0 if stored == BACKLOG + published else 1


if __name__ == "__main__":
    sys.exit(main())
