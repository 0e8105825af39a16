"""Segments in memory that wait for the collector's receipt."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.sealed import Key, Sealed

MAX_WAITING: Final = 10_000
MAX_WAITING_BYTES: Final = 33_554_432
"""With so much in memory there is no room for more."""


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
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    def add(self, held: Held) -> None:
        """Put a segment at the end."""
        self._held[held.sealed.key] = held
        self.size_bytes += len(held.sealed.body)
        self.rows += held.sealed.rows
        self._count_room()

    def settle(self, key: Key) -> None:
        """Let go of a segment that is safe now; it may be gone already."""
        held = self._held.pop(key, None)
        if held is not None:
            self.size_bytes -= len(held.sealed.body)
            self.rows -= held.sealed.rows
            self._count_room()
            held.flush.unsafe -= 1
            if not held.flush.unsafe:
                held.flush.settled.set()

    def settle_all(self, segments: Sequence[Sealed]) -> list[Sealed]:
        """Settle those that are here; return the others, which are on disk."""
        others = [one for one in segments if one.key not in self]
        for one in segments:
            self.settle(one.key)
        return others

    async def has_room(self, *, patience: float) -> bool:
        """Wait so many seconds for room, and tell whether there is some."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._room.wait()
        return self._room.is_set()

    def replace(self, sealed: Sealed) -> None:
        """Put a segment in the place of the one with its key."""
        held = self._held[sealed.key]
        self.size_bytes += len(sealed.body) - len(held.sealed.body)
        held.sealed = sealed

    def older_than(self, moment: float) -> list[Sealed]:
        """Return those that came before ``moment``, monotonic seconds, in order."""
        return [held.sealed for held in self._held.values() if held.since <= moment]

    def oldest(self) -> float | None:
        """Return when the first came, monotonic seconds; None without any."""
        return next((held.since for held in self._held.values()), None)

    def except_for(self, busy: set[Key]) -> list[Sealed]:
        """Return the segments that are not ``busy`` and may go, in order."""
        return [
            held.sealed
            for key, held in self._held.items()
            if key not in busy and held.sealed.boot is None
        ]

    def held(self) -> list[Sealed]:
        """Return the segments that may not go, for it is not known what time they are from."""
        return [held.sealed for held in self._held.values() if held.sealed.boot is not None]

    async def all_settled(self) -> None:
        """Wait until everything that is here now is safe."""
        for held in list(self._held.values()):
            await held.flush.settled.wait()

    def _count_room(self) -> None:
        fits = self.size_bytes < MAX_WAITING_BYTES and len(self) < MAX_WAITING
        (self._room.set if fits else self._room.clear)()
