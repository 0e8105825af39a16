"""Keeps segments until they are settled, in memory and on disk; all goes through here."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Collection, Sequence
from typing import Final, NoReturn

from edge_agent.errors import OutboxFullError
from edge_agent.lane import Lane
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.limits import Limits
from edge_agent.outbox.parcel import Parcel
from edge_agent.outbox.poison import set_damaged_aside
from edge_agent.outbox.quarantine import Quarantine
from edge_agent.outbox.requested import asides_back_in_line
from edge_agent.outbox.runs import Runs
from edge_agent.outbox.shelf import Order, Shelf
from edge_agent.outbox.state import State
from edge_agent.outbox.taking import Taker
from edge_agent.outbox.tidying import Tidier
from edge_agent.outbox.undated import Undated
from edge_agent.outbox.waiting import Flush, Held, Waiting
from edge_agent.sealed import Key, Sealed

_RETRY_SECONDS: Final = 1.0
_SHORTEST_SECONDS: Final = 0.05

_log = logging.getLogger(__name__)


class Outbox:
    """Keeps segments until they are settled; `open_outbox` makes one."""

    def __init__(
        self, file: OutboxFile, *, limits: Limits, spill_after: float, order: Order
    ) -> None:
        self._file, self._spill_after = file, spill_after
        self._confirmed: list[Sealed] = []
        self._away_since: float | None = None
        self._moving = asyncio.Lock()
        self.changed = asyncio.Event()
        """Set whenever there may be something to take."""
        self.away = True
        """Whether the collector is away, as far as known; then nothing waits in memory."""
        self.held = False
        """Whether live data is held back; then it waits on disk, too."""
        self.full = False
        """Whether the last write found no room."""
        self.damage: str | None = None
        """What became of a damaged file, as long as that is kept."""
        self.waiting = Waiting()
        """What is in memory."""
        self.shelf = Shelf(file, max_bytes=limits.shelf_bytes)
        """What is on disk."""
        self.undated = Undated(file, shelf=self.shelf, waiting=self.waiting, moving=self._moving)
        """What is held until it is known what time it is from."""
        self.tidier = Tidier(file, self.shelf, limits=limits)
        """What merges it, and gives up what is too much."""
        self._taker = Taker(waiting=self.waiting, shelf=self.shelf, order=order)
        self.quarantine = Quarantine(file, max_bytes=limits.quarantine_bytes)
        """What was not stored."""
        self.state = State(file)
        """What is kept by name."""
        self.runs = Runs(file, shelf=self.shelf)
        """Which runs have used the file, and of which it still holds something."""

    async def load(self) -> None:
        """Count what an earlier run left; it is sent under its old stream ids."""
        await self._file.changed_elsewhere()  # what came before is counted here
        await self.shelf.load()
        await self.quarantine.load()
        self.runs.look_anew()

    async def keep(self, segments: Sequence[Sealed], *, settled: asyncio.Event) -> None:
        """Take the segments of a flush; ``settled`` is set once all are safe.

        While the collector is away this returns when they are on disk, or when there is no
        room for them; then they stay in memory and are tried again.
        """
        flush, now = Flush(len(segments), settled), time.monotonic()
        for sealed in segments:
            self.waiting.add(Held(sealed, flush, now))
        self.changed.set()
        if self.to_disk:
            await self.spill()

    @property
    def to_disk(self) -> bool:
        """Whether nothing is to wait in memory."""
        return self.away or self.held

    async def has_room(self) -> bool:
        """Wait a little for room in memory, and tell whether there is some."""
        return await self.waiting.has_room(patience=_RETRY_SECONDS)

    async def collector_is(self, *, away: bool) -> None:
        """Say whether the collector answers; once it does not, all goes to disk."""
        since = self._away_since or time.monotonic()
        self.away, self._away_since = away, since if away else None
        if away:
            await self.spill()

    def away_seconds(self) -> float | None:
        """Return how long the collector has been away: 0 if nobody has asked yet, None if there.

        While live data is held back on purpose, it is as if it had been away for ever.
        """
        if not self.away:
            return math.inf if self.held else None
        return 0.0 if self._away_since is None else time.monotonic() - self._away_since

    async def hold(self, *, held: bool) -> None:
        """Say whether live data is held back although the collector may answer."""
        self.held = held
        if held:
            await self.spill()

    async def spill_when_due(self) -> NoReturn:
        """Write to disk, for ever, what has waited too long for its receipt."""
        while True:
            oldest = self.waiting.oldest()
            due = self._spill_after - (0.0 if oldest is None else time.monotonic() - oldest)
            await asyncio.sleep(_RETRY_SECONDS if self.full else max(due, _SHORTEST_SECONDS))
            await self.spill(age=0 if self.to_disk else self._spill_after)

    async def spill(self, *, age: float = 0) -> None:
        """Write what has waited for ``age`` seconds to disk in one commit, if there is room."""
        async with self._moving:
            segments = self.waiting.older_than(time.monotonic() - age)
            if not segments:
                return
            safe = self.shelf.fitting(segments)
            try:
                await self.shelf.put(safe, in_flight=self._taker.in_flight)
            except OutboxFullError:
                safe = []
            self._is_full(full=len(safe) < len(segments))
            self.waiting.settle_all(safe)
        self.changed.set()

    async def tidy(self) -> NoReturn:
        """Keep what is on disk within its limits and merged, for ever."""
        while True:
            more = await self.tidier.tidy(full=self.full)
            if more:
                self.changed.set()
            if more and self.full:  # before more is given up: this may have been enough
                await self.spill()
            await asyncio.sleep(_SHORTEST_SECONDS if more else _RETRY_SECONDS)

    async def take(self, lane: Lane, *, max_bytes: int, max_rows: int) -> Parcel:
        """Return what a lane sends next; it is in flight until `release`, and may be nothing.

        Args:
            lane: Urgent segments are taken from memory and from disk, live ones from memory.
            max_bytes: How large the bodies may be in sum, unless a single one is larger.
            max_rows: How many rows they may have in sum, unless a single one has more.
        """
        parcel = await self._taker.take(lane, max_bytes=max_bytes, max_rows=max_rows)
        if self.shelf.damaged:
            async with self._moving:
                await set_damaged_aside(self.shelf, declarer=self.tidier.declarer)
            self.changed.set()
        return parcel

    async def fetch(self, keys: Sequence[Key]) -> Parcel:
        """Return again segments that are withheld; let go of those that are there no more."""
        return await self._taker.fetch(keys)

    def release(self, parcel: Parcel, *, withheld: Collection[Key] = frozenset()) -> None:
        """Take back a parcel whose segments were not all settled; those are sent again.

        Args:
            parcel: What was taken.
            withheld: Segments that only `fetch` is to return, until they are released.
        """
        kept = {one.key for one in self._confirmed}.union(withheld)
        self._taker.release(key for key in parcel.keys if key not in kept)
        self.changed.set()

    async def forget(self, segments: Sequence[Sealed]) -> None:
        """Let go of segments the collector has a receipt for."""
        on_disk = list(segments)
        if not self._moving.locked():
            on_disk = self.waiting.settle_all(on_disk)
        if on_disk or self._confirmed:
            async with self._moving:
                self._confirmed += self.waiting.settle_all(on_disk)
                if not self._confirmed:
                    return
                # Without room even for this, they stay in flight until the next receipt.
                with contextlib.suppress(OutboxFullError):
                    await self.shelf.drop(self._confirmed)
                    self._taker.release(one.key for one in self._confirmed)
                    self._confirmed = []

    async def set_aside(self, sealed: Sealed, *, reason: str) -> None:
        """Keep a segment the collector refuses out of the way, for a person to look at.

        Raises:
            OutboxFullError: There is no room for it.
        """
        async with self._moving:
            await self.shelf.set_aside(sealed, reason=reason)
            self.waiting.settle(sealed.key)

    async def put_first(self, from_us: int, to_us: int) -> tuple[int, int]:
        """Let what is on disk with rows in ``[from_us, to_us)`` go first, also what is set aside.

        Returns:
            How many segments that are, and how many rows they have.

        Raises:
            OutboxFullError: There is no room to move what is set aside.
        """
        async with self._moving:
            async with self.shelf.changing() as change:
                await asides_back_in_line(change, from_us=from_us, to_us=to_us)
            held = await self.shelf.requested.add(self._file, from_us=from_us, to_us=to_us)
        self.changed.set()
        return held

    async def noticed_change(self) -> bool:
        """Count anew what others changed since the last call; False, too, if there is no room."""
        if not await self._file.changed_elsewhere():
            return False
        try:
            async with self._moving:
                await self.load()
        except OutboxFullError:
            self._file.look_anew()
            return False
        self.changed.set()
        return True

    def found_full(self) -> None:
        """Note that a write found no room."""
        self._is_full(full=True)

    def _is_full(self, *, full: bool) -> None:
        if full and not self.full:
            _log.error("the outbox is full: the broker holds readings until there is room")
        elif self.full and not full:
            _log.info("the outbox has room again")
        self.full = full
