"""Flushes as an agent makes them, from simulated panels, encoded in another process if wished."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from edge_agent.sealed import Sealed, seal
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.readings import Readings
from shared.segments import Segment, readings_table

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def batches(*, panels: int, seconds: int, flush_seconds: int) -> Iterator[Readings]:
    """Return what comes at 1 Hz from a simulated site around noon, by flush."""
    site = Site(name="bench", panels=panels, latitude=48.0, longitude=0.0, seed=1)
    simulation = Simulation(site)
    for at in range(0, seconds, flush_seconds):
        yield simulation.panels(NOON + timedelta(seconds=at), seconds=flush_seconds)


def flushes(
    *, panels: int, seconds: int, flush_seconds: int, stream: UUID | None = None
) -> Iterator[Sealed]:
    """Return the segments of those."""
    stream = stream or uuid4()
    found = batches(panels=panels, seconds=seconds, flush_seconds=flush_seconds)
    for seq, readings in enumerate(found):
        yield seal(Segment(stream, seq, seq, {"readings": readings_table(readings)}))
