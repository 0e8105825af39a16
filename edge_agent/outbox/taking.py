"""Which segments are on their way to the collector, and which go next on a lane."""

import asyncio
import time
from collections.abc import Iterable, Sequence

from edge_agent.lane import Lane
from edge_agent.outbox.parcel import Parcel, fitting
from edge_agent.outbox.shelf import Order, Shelf
from edge_agent.outbox.waiting import Waiting
from edge_agent.sealed import Key, Kind, Sealed


class Taker:
    """Hands out segments; none twice until it is released."""

    def __init__(self, *, waiting: Waiting, shelf: Shelf, order: Order) -> None:
        self._waiting = waiting
        self._shelf = shelf
        self._order: Order = order
        self._reading = asyncio.Lock()
        self.in_flight: set[Key] = set()
        """What is handed out, or withheld."""

    async def take(self, lane: Lane, *, max_bytes: int, max_rows: int) -> Parcel:
        """Return what a lane sends next, perhaps nothing; see `Outbox.take`."""
        segments: Sequence[Sealed] = ()
        if lane is not Lane.BACKLOG:
            held = self._waiting.except_for(self.in_flight)
            wanted = (one for one in held if lane is Lane.LIVE or one.kind is Kind.URGENT)
            segments = fitting(wanted, max_bytes=max_bytes, max_rows=max_rows)
            self.in_flight |= {one.key for one in segments}  # nobody is waited for until here
        if not segments and self._has_on_disk(lane):
            async with self._reading:
                segments = await self._shelf.next(
                    order=self._order,
                    max_bytes=max_bytes,
                    max_rows=max_rows,
                    busy=self.in_flight,
                    kind=Kind.URGENT if lane is Lane.URGENT else None,
                )
                self.in_flight |= {one.key for one in segments}
        return Parcel(tuple(segments), lane, time.monotonic())

    async def fetch(self, keys: Sequence[Key]) -> Parcel:
        """Return again segments that are withheld; let go of those that are there no more."""
        wanted = set(keys)
        held = [one for one in self._waiting.except_for(set()) if one.key in wanted]
        wanted -= {one.key for one in held}
        held += await self._shelf.get([key for key in keys if key in wanted])
        self.release(wanted - {one.key for one in held})
        return Parcel(tuple(held), Lane.BACKLOG, time.monotonic())

    def release(self, keys: Iterable[Key]) -> None:
        """Let segments be handed out again."""
        back = set(keys)
        self.in_flight -= back
        self._shelf.release(back)

    def _has_on_disk(self, lane: Lane) -> bool:
        stock = self._shelf.stock
        return (lane is Lane.BACKLOG and stock.segments > 0) or (
            lane is Lane.URGENT and stock.urgent_segments > 0
        )
