"""Segments in memory that wait for the collector's receipt."""

import asyncio
from dataclasses import dataclass

from edge_agent.sealed import Key, Sealed


@dataclass(slots=True)
class Flush:
    """Segments of one flush: who sent them is told once all are safe."""

    unsafe: int
    """How many of them are not safe yet."""
    settled: asyncio.Event
    """To be set once none is."""


@dataclass(slots=True)
class Held:
    """A segment in memory and the flush it is of."""

    sealed: Sealed
    """The segment."""
    flush: Flush
    """What it came with."""
    since: float
    """Monotonic seconds at which it came."""


class Waiting:
    """The segments in memory, in the order they came."""

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self.size_bytes = 0
        """Of all bodies."""
        self.rows = 0
        """Of all segments."""

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    def add(self, held: Held) -> None:
        """Put a segment at the end."""
        self._held[held.sealed.key] = held
        self.size_bytes += len(held.sealed.body)
        self.rows += held.sealed.rows

    def settle(self, key: Key) -> None:
        """Let go of a segment that is safe now; it may be gone already."""
        held = self._held.pop(key, None)
        if held is not None:
            self.size_bytes -= len(held.sealed.body)
            self.rows -= held.sealed.rows
            held.flush.unsafe -= 1
            if not held.flush.unsafe:
                held.flush.settled.set()

    def older_than(self, moment: float) -> list[Sealed]:
        """Return those that came before ``moment``, monotonic seconds, in order."""
        return [held.sealed for held in self._held.values() if held.since <= moment]

    def oldest(self) -> float | None:
        """Return when the first came, monotonic seconds; None without any."""
        return next((held.since for held in self._held.values()), None)

    def except_for(self, busy: set[Key]) -> list[Sealed]:
        """Return the segments that are not ``busy``, in order."""
        return [held.sealed for key, held in self._held.items() if key not in busy]

    async def all_settled(self) -> None:
        """Wait until everything that is here now is safe."""
        for held in list(self._held.values()):
            await held.flush.settled.wait()
