"""Readings lost or doubled while a random part of the whole path is killed again and again."""

import os
import random
import sys
import tempfile
from pathlib import Path

from figures import Figure, report
from programs.crashes import crashing_path

KILLS = int(os.environ.get("BENCHMARK_KILLS", "60"))
SEED = 3


def main() -> int:
    """Crash broker, agent, collector and database; compare what was published with the rows."""
    with tempfile.TemporaryDirectory() as folder, crashing_path(Path(folder)) as path:
        outcome = path.crash(KILLS, rng=random.Random(SEED))
    print(f"kills {dict(outcome.kills)}; ended by themselves {dict(outcome.exits)}")
    limit, name = outcome.published, f"published during {outcome.kills.total()} kills"
    report(
        Figure("readings lost", outcome.lost, limit, name, 0.0, at_most=True),
        Figure("readings doubled", outcome.doubled, limit, name, 0.0, at_most=True),
        Figure("readings stored that nobody sent", outcome.foreign, limit, name, 0.0, at_most=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
