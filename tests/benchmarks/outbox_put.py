"""The outbox's put: encode and commit, durably, in batches of 1,000 readings."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from edge_agent.outbox import open_outbox
from edge_agent.sealed import seal
from figures import Figure, report
from shared.segments import Segment, readings_table
from support.flushes import batches

BATCH = 1_000
SECONDS = 600
ROUNDS = 3
PROMISE = 200_000


def main() -> int:
    """Put as many batches as ten minutes of 1,000 panels make; the best round counts."""
    ready = list(batches(panels=BATCH, seconds=SECONDS, flush_seconds=1))
    best = max(asyncio.run(rate(ready)) for _ in range(ROUNDS))
    report(
        Figure("outbox put (encode and commit), readings/s, batches of 1,000", best, PROMISE,
               "promise", 1.0)
    )  # fmt: skip
    return 0


async def rate(ready: list) -> float:
    """Return how many readings a second become safe on disk."""
    stream = uuid4()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        async with open_outbox(
            Path(folder) / "outbox.db", max_bytes=10**9, spill_after=1.0
        ) as outbox:
            started = time.perf_counter()
            for seq, readings in enumerate(ready):
                segment = Segment(stream, seq, seq, {"readings": readings_table(readings)})
                settled = asyncio.Event()
                await outbox.keep([seal(segment)], settled=settled)
                assert settled.is_set()
            return sum(map(len, ready)) / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
