"""Bytes written to disk per reading, 100 panels at 1 Hz, as the kernel counts them.

Offline an hour of flushes goes through the outbox as fast as it takes them: a flush holds ten
seconds of readings, as it does once an outage lasts, and is followed by the tidying of ten
seconds; every commit reaches the disk, so nothing is counted less often than in real time.
Online it is a real agent in real time, with its status on a file system in memory as under
systemd; the first seconds, in which it meets its panels, are not counted.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from edge_agent.outbox import open_outbox
from figures import Figure, report
from support.flushes import flushes
from support.live import live

PANELS = 100
FLUSH_SECONDS = 10
OFFLINE_SECONDS = int(os.environ.get("BENCHMARK_OFFLINE_SECONDS", "3600"))
ONLINE_SECONDS = int(os.environ.get("BENCHMARK_ONLINE_SECONDS", "60"))
WARM_SECONDS = 15
OFFLINE_BYTES = 25.0
ONLINE_BYTES = 1.0


def main() -> int:
    """Measure both ways of an agent; without merging is printed beside it."""
    merged, alone = asyncio.run(offline(merge=True)), asyncio.run(offline(merge=False))
    report(
        Figure("bytes on disk per reading, offline", merged, OFFLINE_BYTES, "promise", 1.0,
               at_most=True),
        Figure("bytes on disk per reading, offline, merging switched off", alone, OFFLINE_BYTES,
               "promise"),
        Figure("bytes on disk per reading, online", online(), ONLINE_BYTES, "promise", 1.0,
               at_most=True),
    )  # fmt: skip
    return 0


async def offline(*, merge: bool) -> float:
    """Return the bytes per reading of an hour without a collector."""
    source = flushes(panels=PANELS, seconds=OFFLINE_SECONDS, flush_seconds=FLUSH_SECONDS)
    ready = list(source)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        before = written("self")
        async with open_outbox(
            Path(folder) / "outbox.db", max_bytes=1_000_000_000, spill_after=1.0
        ) as outbox:
            for one in ready:
                await outbox.keep([one], settled=asyncio.Event())
                while merge and await outbox.tidier.tidy(full=False):
                    pass
            stock, space = outbox.shelf.stock, await outbox._file.space()
            print(
                f"offline: {stock.segments} segments, {stock.size_bytes / stock.rows:.2f} bytes a "
                f"row, file of {space.file_bytes / stock.rows:.2f}",
                flush=True,
            )
        return (written("self") - before) / stock.rows


def online() -> float:
    """Return the bytes per reading of a running agent whose collector is there."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        os.environ["RUNTIME_DIRECTORY"] = memory
        with live(profile="realtime") as system:
            process = str(system.agent.process.pid)
            with system.publisher(
                panels=PANELS, rate=PANELS, seconds=WARM_SECONDS + ONLINE_SECONDS
            ) as publisher:
                time.sleep(WARM_SECONDS)
                before, started = written(process), time.monotonic()
                publisher.wait()
                readings = PANELS * (time.monotonic() - started)
            return (written(process) - before) / readings


def written(process: str) -> int:
    """Return the bytes a process has caused to be written to disk."""
    lines = Path(f"/proc/{process}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


if __name__ == "__main__":
    sys.exit(main())
