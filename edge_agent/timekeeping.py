"""Finds out whether our clock is right, and lets go what was held until that is known."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from edge_agent.clock import Clock, Trust
from edge_agent.errors import CollectorAwayError, OutboxFullError
from edge_agent.outbox import Outbox
from edge_agent.redate import redated, suspected
from edge_agent.sealed import Sealed

LOOK_SECONDS: Final = 1.0
ASK_SECONDS: Final = 15.0
"""How often the collector is asked for its time while ours is not trusted, on average."""

_ASK_TIMEOUT_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Timekeeper:
    """Watches the clock beside the flushes.

    Args:
        clock: Our clock.
        outbox: Where segments are held.
        ask: Asks the collector for its time; the clock hears of its answer.
    """

    def __init__(self, clock: Clock, *, outbox: Outbox, ask: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._outbox = outbox
        self._ask = ask
        self._ask_at_us = -math.inf

    async def run(self) -> NoReturn:
        """Watch, for ever."""
        while True:
            await self.turn()
            await asyncio.sleep(LOOK_SECONDS)

    async def turn(self) -> None:
        """Look at the clock once, ask if that is due, and release what may go."""
        self._clock.look()
        if not self._clock.trusted:
            await self._ask_if_due()
        await self._release()
        await self._outbox.undated.count()

    async def _ask_if_due(self) -> None:
        now_us = self._clock.since_boot_us()
        if now_us < self._ask_at_us:
            return
        wait = ASK_SECONDS * random.uniform(0.7, 1.3)  # noqa: S311 - jitter, no secret
        self._ask_at_us = now_us + wait * 1e6
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_SECONDS):
                await self._ask()
        except (CollectorAwayError, TimeoutError) as error:
            _log.debug("cannot ask the collector for the time: %s", error)

    async def _release(self) -> None:
        clock = self._clock
        trust, boot, offset_us = clock.trust, clock.boot, clock.offset_us

        def dated(sealed: Sealed) -> Sealed:
            if trust is Trust.TRUSTED and sealed.boot == boot and sealed.offset_us is not None:
                return redated(sealed, shift_us=offset_us - sealed.offset_us)
            return suspected(sealed)

        count = 0
        try:
            while some := await self._outbox.undated.release(
                boot=boot, this_boot_too=trust is not Trust.HOLDING, dated=dated
            ):
                count += some
                self._outbox.changed.set()
                if clock.offset_us != offset_us:
                    break  # the rest by the clock as it is now, in the next turn
        except OutboxFullError:
            _log.warning("no room to date held segments anew; trying again")
        if count:
            how = "dated rightly" if trust is Trust.TRUSTED else "flagged: nobody knows their time"
            _log.info("%d held segments may go, %s", count, how)
