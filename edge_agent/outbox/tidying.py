"""Tidying: keeps an outbox within its limits, merges what waits, gives disk space back."""

import logging
import time
from collections.abc import Callable
from typing import Final

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.declared import Declarer
from edge_agent.outbox.disk import free_bytes
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.limits import Excess, Limits, is_nearly_empty
from edge_agent.outbox.merging import Merger
from edge_agent.outbox.shedding import Shedder
from edge_agent.outbox.shelf import Shelf
from shared.losses import LossReason

_BREATHS: Final = 20  # steps between two looks at whether there is too much

_log = logging.getLogger(__name__)


class Tidier:
    """Does what is to be done on a shelf beside putting and sending, a step at a time."""

    def __init__(self, file: OutboxFile, shelf: Shelf, *, limits: Limits) -> None:
        self._file = file
        self._shelf = shelf
        self._limits = limits
        self._shedding: LossReason | None = None
        self.declarer = Declarer()
        """What declares losses."""
        self.merger = Merger(file, shelf, max_bytes=limits.merged_bytes)
        """What merges neighbours."""
        self.shedder = Shedder(file, shelf, declarer=self.declarer)
        """What gives up."""

    async def tidy(self, *, full: bool, now: Callable[[], float] = time.time) -> bool:
        """Do what is to be done now.

        Args:
            full: Whether the last write found no room.
            now: Epoch seconds.

        Returns:
            Whether something was given up or merged: then there may be more to do at once.

        Raises:
            OutboxError: The file cannot be read.
        """
        lost = sum(self._shelf.totals.lost.values())
        try:
            await self._file.regain_room()
            done = await self._within_limits(full=full, now_us=int(now() * 1e6))
            for _ in range(_BREATHS):
                if not await self.merger.step():
                    break
                done = True
            await self._shrink()
        except OutboxFullError as error:
            if not full:
                _log.warning("cannot tidy the outbox up: %s", error)
            return False
        self._say(sum(self._shelf.totals.lost.values()) - lost)
        return done

    async def _within_limits(self, *, full: bool, now_us: int) -> bool:
        oldest = self._limits.oldest_allowed_us(now_us=now_us)
        done = oldest is not None and await self.shedder.evict_before(oldest, now_us=now_us)
        excess = self._limits.excess(
            await self._file.space(), free_bytes=free_bytes(self._file.path), full=full
        )
        if excess is None:
            self._shedding = None
            return done
        if self._shedding is None:
            _log.warning(
                "the outbox holds too much (%s): the oldest is thinned to minutes, then given up",
                excess.reason,
            )
            self._shedding = excess.reason
        return await self._shed(excess, now_us=now_us) or done

    async def _shed(self, excess: Excess, *, now_us: int) -> bool:
        done = False
        while (used := (await self._file.space()).used_bytes) > excess.down_to_bytes:
            too_much = used - excess.down_to_bytes
            done = await self.shedder.thin(
                size_bytes=too_much, now_us=now_us
            ) or await self.shedder.evict(size_bytes=too_much, reason=excess.reason, now_us=now_us)
            if not done:
                return False
        return True

    async def _shrink(self) -> None:
        if is_nearly_empty(await self._file.space()):
            await self._file.shrink()

    def _say(self, rows: int) -> None:
        if rows:
            _log.warning("%d rows were given up, which is declared to the collector", rows)
