"""What a large backlog on disk costs a real agent: resident memory and time to start.

The file has ten gigabytes of merged segments, or what half of the free disk allows; it is counted
once, as a running agent counts as it goes, before the agent that is measured starts on it.
"""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from zlib import crc32

import psutil

from edge_agent.outbox import open_outbox
from edge_agent.outbox.file import PAGE_BYTES
from figures import Figure, report
from programs.edge_agent import EdgeAgent
from programs.mosquitto import Mosquitto
from support.flushes import flushes

BACKLOG_BYTES = int(float(os.environ.get("BENCHMARK_BACKLOG_BYTES", "10e9")))
MEMORY_BYTES = 20e6
START_SECONDS = 2.0
LOOK_SECONDS = 20
NOWHERE = SimpleNamespace(url="http://127.0.0.1:9")


def main() -> int:
    """Start an agent on an empty outbox and one on a full one, and compare."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        room = shutil.disk_usage(scratch).free // 2
        size_bytes = min(BACKLOG_BYTES, room)
        if size_bytes < BACKLOG_BYTES:
            print(f"the disk has room for {size_bytes / 1e9:.1f} GB only")
        broker = Mosquitto(Path(scratch) / "broker")
        broker.start()
        try:
            empty, bare = measured(broker, folder=Path(scratch) / "empty", size_bytes=0)
            full, start = measured(broker, folder=Path(scratch) / "full", size_bytes=size_bytes)
        finally:
            broker.discard()
    name = f"{size_bytes / 1e9:.1f} GB backlog"
    print(f"empty: {empty / 1e6:.1f} MB resident, start in {bare:.2f} s")
    print(f"{name}: {full / 1e6:.1f} MB resident, start in {start:.2f} s")
    report(
        Figure(f"agent memory, bytes more with a {name}", max(full - empty, 1.0), MEMORY_BYTES,
               "promise", 1.0, at_most=True),
        Figure(f"agent start with a {name}, seconds", start, START_SECONDS, "promise", 1.0,
               at_most=True),
    )  # fmt: skip
    return 0


def measured(broker: Mosquitto, *, folder: Path, size_bytes: int) -> tuple[int, float]:
    """Return the most an agent had resident, and the seconds until it was ready."""
    settings = {"buffer": {"max_megabytes": 100_000, "min_free_megabytes": 0}}
    site = folder.name
    agent = EdgeAgent(folder, site=site, mqtt_url=broker.url, collector=NOWHERE, settings=settings)
    try:
        if size_bytes:
            asyncio.run(fill(folder / "outbox.db", size_bytes=size_bytes))
        started = time.perf_counter()
        agent.start()
        start = time.perf_counter() - started
        process, samples = psutil.Process(agent.process.pid), []
        until = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < until:
            samples.append(process.memory_info().rss)
            time.sleep(0.2)
        agent.stop()
    finally:
        agent.discard()
    return max(samples), start


async def fill(path: Path, *, size_bytes: int) -> None:
    """Write a backlog of five-minute segments of 100 panels."""
    async with open_outbox(path, max_bytes=10**12, spill_after=1.0):
        pass
    [one] = flushes(panels=100, seconds=300, flush_seconds=300)
    stream, now_us = one.key.stream.bytes, time.time_ns() // 1000
    rows = (
        (number, 1, stream, number, number, one.rows, one.readings, one.from_us, one.to_us, now_us,
         0, None, None, crc32(one.body), one.body)
        for number in range(1, size_bytes // len(one.body) + 1)
    )  # fmt: skip
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        assert file.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
        file.executescript("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; BEGIN")
        file.executemany(f"INSERT INTO segment VALUES ({', '.join('?' * 15)})", rows)
        file.execute("DELETE FROM state WHERE name = 'totals'")
        file.execute("COMMIT")
    os.sync()
    async with open_outbox(path, max_bytes=10**12, spill_after=1.0) as outbox:
        print(f"{outbox.shelf.stock.segments} segments of {outbox.shelf.stock.size_bytes} bytes")


if __name__ == "__main__":
    sys.exit(main())
