"""What goes to the collector in one request."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.lane import Lane
from edge_agent.sealed import Key, Sealed


@dataclass(frozen=True, slots=True)
class Parcel:
    """Segments to send together."""

    segments: tuple[Sealed, ...]
    """In the order they came; a backlog perhaps newest first."""
    lane: Lane
    """Which way they go."""
    taken_at: float
    """When they were taken, monotonic seconds."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """Which segments they are."""
        return tuple(one.key for one in self.segments)


def fitting(segments: Iterable[Sealed], *, max_bytes: int, max_rows: int) -> list[Sealed]:
    """Return the first segments, as many as may go together; the first one in any case."""
    chosen: list[Sealed] = []
    for one in segments:
        max_bytes -= len(one.body)
        max_rows -= one.rows
        if chosen and (max_bytes < 0 or max_rows < 0):
            break
        chosen.append(one)
    return chosen
