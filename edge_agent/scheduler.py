"""What goes next: urgent parcels, then live data, then the backlog in a bounded share.

Four parcels are on their way at most: an urgent one, two of live data, one of the backlog; while
the collector is away a single one asks whether it is back.
"""

import asyncio
import contextlib
import math
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from edge_agent.errors import CollectorAwayError, CollectorFailedError, OutboxFullError
from edge_agent.lane import Lane
from edge_agent.link import Link
from edge_agent.outbox import Outbox, Parcel
from edge_agent.suspects import Suspects
from edge_agent.traffic import Traffic

SLOTS: Final = {Lane.URGENT: 1, Lane.LIVE: 2, Lane.BACKLOG: 1}
"""How many parcels of each lane are on their way at most."""

LANES: Final = sum(SLOTS.values())

_BUDGET: Final = "monthly_budget"
_LONGEST_PAUSE_SECONDS: Final = 1.0
_FAILURES_TO_BE_AWAY: Final = 2
_ASKING_ROWS: Final = 4_000


class Scheduler:
    """Hands out parcels, and is told what became of each."""

    def __init__(self, outbox: Outbox, *, link: Link, traffic: Traffic) -> None:
        self._outbox = outbox
        self._link = link
        self._traffic = traffic
        self._suspects = Suspects()
        self._out: Counter[Lane] = Counter()
        self._failures = 0

    async def restore(self) -> None:
        """Go on with the month's count of an earlier run."""
        self._traffic.budget.restore(await self._outbox.state.recall(_BUDGET))

    async def save(self) -> None:
        """Write down the month's count, exactly."""
        spent = self._traffic.budget.to_remember(datetime.now(UTC), stopping=True)
        await self._remember(spent)

    async def next(self) -> Parcel:
        """Wait for a parcel that may be sent now; it is out until `put_back`."""
        while True:
            self._outbox.changed.clear()
            pause = _LONGEST_PAUSE_SECONDS
            for lane in Lane:
                now, utc = time.monotonic(), datetime.now(UTC)
                if (wait := self._wait(lane, now=now, utc=utc)) > 0:
                    pause = min(pause, wait)
                elif parcel := await self._taken(lane, now=now, utc=utc):
                    return parcel
            await self._hold_live()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._outbox.changed.wait()

    async def answered(self, parcel: Parcel) -> None:
        """Note that the collector gave receipts for a parcel."""
        now = time.monotonic()
        rows = sum(one.rows for one in parcel.segments)
        self._traffic.took(parcel.lane, now - parcel.taken_at, rows=rows, now=now)
        self._suspects.succeeded(parcel.keys)
        self._failures = 0
        self._link.answered(now=now)
        await self._outbox.collector_is(away=False)

    async def lost(self, parcel: Parcel, *, error: CollectorAwayError) -> None:
        """Note that a parcel did not get through."""
        if error.ran_out:
            self._traffic.ran_out(parcel.lane)
        self._link.lost(error, now=time.monotonic())
        await self._outbox.collector_is(away=True)

    async def failed(self, parcel: Parcel, *, error: CollectorFailedError) -> bool:
        """Note that the collector failed on a parcel: its segments are tried apart from others.

        Returns:
            Whether its only segment is found to be at fault, and is to be set aside.
        """
        if self._suspects.failed(parcel.keys, now=time.monotonic()):
            return True
        self._failures += 1
        if self._failures >= _FAILURES_TO_BE_AWAY:
            self._suspects.failed_on_all()
            await self.lost(parcel, error=error)
        return False

    def put_back(self, parcel: Parcel) -> None:
        """Take back a parcel; what of it was not settled is sent again."""
        self._out[parcel.lane] -= 1
        self._outbox.release(parcel, withheld=self._suspects.keys())

    def _wait(self, lane: Lane, *, now: float, utc: datetime) -> float:
        """Return how many seconds a lane has to wait; infinite if for something to happen."""
        if not self._link.there:
            if self._out.total():
                return math.inf
            # Everything is on disk now: who only asks is not bound to the backlog's share.
            asking = min(lane, Lane.LIVE)
            return max(self._traffic.wait(asking, now=now, utc=utc), self._link.retry_at - now)
        if self._out[lane] >= SLOTS[lane]:
            return math.inf
        held = self._link.backlog_from - now if lane is Lane.BACKLOG else 0.0
        return max(self._traffic.wait(lane, now=now, utc=utc), held)

    async def _taken(self, lane: Lane, *, now: float, utc: datetime) -> Parcel | None:
        """Take a parcel of a lane, if there is something."""
        self._out[lane] += 1
        parcel = await self._take(lane, now=now)
        if parcel is None or not parcel.segments:
            self._out[lane] -= 1
            return None
        await self._remember(self._traffic.budget.to_remember(utc))
        return parcel

    async def _take(self, lane: Lane, *, now: float) -> Parcel | None:
        if lane is not Lane.BACKLOG:
            return None if self._only_suspects() else await self._ordinary(lane, now=now)
        parcel = await self._suspect(now=now, alone=self._only_suspects())
        if parcel is None and not self._only_suspects():
            parcel = await self._ordinary(lane, now=now)
        if parcel is None or not parcel.segments:
            parcel = await self._suspect(now=now, alone=True)
        return parcel

    async def _ordinary(self, lane: Lane, *, now: float) -> Parcel:
        size_bytes, rows = self._traffic.limits(lane, now=now)
        if not self._link.there:
            rows = min(rows, _ASKING_ROWS)
        return await self._outbox.take(lane, max_bytes=size_bytes, max_rows=rows)

    async def _suspect(self, *, now: float, alone: bool) -> Parcel | None:
        while keys := self._suspects.due(now=now, alone=alone):
            parcel = await self._outbox.fetch(keys)
            self._suspects.found(parcel.keys, of=keys)
            if parcel.segments:
                return parcel
        return None

    def _only_suspects(self) -> bool:
        """Tell whether nothing else is to be tried: the collector fails on everything."""
        return self._suspects.too_many and not self._link.there

    async def _hold_live(self) -> None:
        """Let live data go to disk while the month's budget has nothing for it."""
        held = not self._traffic.budget.allows(Lane.LIVE, now=datetime.now(UTC))
        if held != self._outbox.held:
            await self._outbox.hold(held=held)

    async def _remember(self, spent: bytes | None) -> None:
        if spent is not None:
            with contextlib.suppress(OutboxFullError):  # then a crash forgets a little
                await self._outbox.state.remember(_BUDGET, value=spent)
