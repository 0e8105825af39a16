"""From a sensor's message to its committed row: 1,000 readings/s for a minute, profile realtime.

The database itself tells when each row was committed (`track_commit_timestamp`), so the figure
does not depend on any clock or counter of ours.
"""

import sys

import numpy as np
import psycopg

from figures import Figure, report
from support.live import live

PANELS = 1_000
RATE = 1_000
SECONDS = 60
FIRST_SECONDS = 5
"""Before the minute: all panels are new to the collector, which happens once in an installation."""
P50_SECONDS = 0.040
P99_SECONDS = 0.100

LATENCIES = """
SELECT extract(epoch FROM time - min(time) OVER ())::float8,
       extract(epoch FROM pg_xact_commit_timestamp(xmin) - time)::float8
FROM reading_raw
"""


def main() -> int:
    """Measure, report, and fail when a reading is missing."""
    with live(profile="realtime", track_commits=True) as system:
        with system.publisher(
            panels=PANELS, rate=RATE, seconds=FIRST_SECONDS + SECONDS
        ) as publisher:
            published = int(publisher.communicate()[0])
        stored = system.wait_for_rows(published)
        with psycopg.connect(system.database_url) as connection:
            since, latency = np.array(connection.execute(LATENCIES).fetchall()).T
    p50, p99 = np.quantile(latency[since >= FIRST_SECONDS], (0.5, 0.99))
    first = np.quantile(latency[since < FIRST_SECONDS], 0.99)
    report(
        Figure("sensor to row, p50, s", p50, P50_SECONDS, "reach", 1.0, at_most=True),
        Figure("sensor to row, p99, s", p99, P99_SECONDS, "promise", 1.0, at_most=True),
        Figure("sensor to row, p99 while panels are new, s", first, P99_SECONDS, "promise"),
        Figure("rows stored of readings published", stored, published, "published", 1.0),
    )
    return 0 if stored == published else 1


if __name__ == "__main__":
    sys.exit(main())
