"""Bytes on the wire per reading: 1,000 simulated panels at 1 Hz, ten seconds a segment."""

import sys
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np

from figures import Figure, report
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.segments import Segment, encode, pack, readings_table

PANELS = 1_000
SEGMENT_SECONDS = 10
HOURS = range(6, 18)
PROMISE_BYTES = 4.0


def main() -> int:
    """Encode ten seconds of every daylight hour; the figure is the mean."""
    simulation = Simulation(Site(name="bench", panels=PANELS, latitude=48.0, longitude=0.0, seed=1))
    midnight = datetime(2026, 6, 1, tzinfo=UTC)
    sizes, rows = [], 0
    for hour in HOURS:
        readings = simulation.panels(midnight + timedelta(hours=hour), seconds=SEGMENT_SECONDS)
        segment = Segment(uuid4(), 0, 0, {"readings": readings_table(readings)})
        sizes.append(len(pack([encode(segment)])) / len(readings))
        rows += len(readings)
    report(
        Figure(
            "bytes on the wire per reading, 1,000 panels x 10 s",
            float(np.mean(sizes)),
            PROMISE_BYTES,
            "promise",
            1.0,
            at_most=True,
        ),
        Figure(
            "bytes on the wire per reading, worst hour",
            float(np.max(sizes)),
            PROMISE_BYTES,
            "promise",
        ),
    )
    return 0 if rows == PANELS * SEGMENT_SECONDS * len(HOURS) else 1


if __name__ == "__main__":
    sys.exit(main())
