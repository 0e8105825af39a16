"""Bytes on the wire per reading: 1,000 simulated panels at 1 Hz, ten seconds a segment."""

import sys
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np

from edge_agent.detect import RuleSettings, SiteDetector
from figures import Figure, report
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.alerts import from_micros
from shared.segments import Segment, encode, pack, readings_table
from shared.sky import Sky

PANELS = 1_000
SEGMENT_SECONDS = 10
HOURS = range(6, 18)
PROMISE_BYTES = 4.0
WINDOWS = 8


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
    windows = windows_bytes(simulation, noon=midnight + timedelta(hours=12))
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
        Figure(
            "the same with a window of each panel a minute, in sun",
            float(np.mean(sizes)) + windows / 60,
            PROMISE_BYTES,
            "promise",
            1.0,
            at_most=True,
        ),
        Figure("bytes on the wire per window", windows, PROMISE_BYTES, "of a reading"),
    )
    return 0 if rows == PANELS * SEGMENT_SECONDS * len(HOURS) else 1


def windows_bytes(simulation: Simulation, *, noon: datetime) -> float:
    """Return the bytes a row of a panel's window takes, sent each minute."""
    detector, bodies, rows = SiteDetector(RuleSettings(), sky=Sky(48.0, 0.0)), 0, 0
    detector.record_windows()
    for minute in range(WINDOWS):
        readings = simulation.panels(noon + timedelta(minutes=minute), seconds=60, interval=10.0)
        detector.look(readings, now=from_micros(int(readings.time_us.max())))
        table = detector.take_windows()
        if table is not None:
            bodies += len(pack([encode(Segment(uuid4(), 0, 0, {"windows": table}))]))
            rows += len(np.asarray(table["time_us"]))
    return bodies / rows


if __name__ == "__main__":
    sys.exit(main())
