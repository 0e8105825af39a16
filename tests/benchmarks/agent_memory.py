"""The agent's resident memory at 1,000 readings/s, and whether it stays flat for ten minutes."""

import os
import sys
import time

import psutil

from figures import Figure, report
from support.live import live

PANELS = 1_000
RATE = 1_000
SECONDS = int(os.environ.get("BENCHMARK_MEMORY_SECONDS", "600"))
SAMPLE_SECONDS = 5
LIMIT_BYTES = 120e6


def main() -> int:
    """Sample the agent while readings come; growth is the last third against the second."""
    samples = []
    with live(profile="realtime") as system:
        agent = psutil.Process(system.agent.process.pid)
        with system.publisher(panels=PANELS, rate=RATE, seconds=SECONDS) as publisher:
            while publisher.poll() is None:
                samples.append(agent.memory_info().rss)
                time.sleep(SAMPLE_SECONDS)
    third = len(samples) // 3
    before, after = max(samples[third : 2 * third]), max(samples[2 * third :])
    report(
        Figure(
            "agent memory, bytes resident",
            max(samples),
            LIMIT_BYTES,
            "promise",
            1.0,
            at_most=True,
        ),
        Figure("agent memory, last third", after, before, "middle third", 1.05, at_most=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
