"""Keeps what the detector learned over restarts, without wearing the flash out."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn, Protocol

from edge_agent.errors import OutboxFullError

LOOK_SECONDS: Final = 5.0
TODAY_SECONDS: Final = 600.0
"""How often the day so far is written at most."""

_READINGS_A_VALUE: Final = 48
"""So many readings pay for writing one row of one panel again: about 0.1 bytes a reading."""

_log = logging.getLogger(__name__)


class Pages(Protocol):
    """What was learned, as pages by name; `edge_agent.detect` has them."""

    @property
    def today_values(self) -> int:
        """Return how large the page of the day so far is: rows times panels."""

    @property
    def learned(self) -> bool:
        """Return whether something was learned since the last `take`."""

    def take(self) -> Callable[[], dict[str, bytes]]:
        """Return what makes the pages that changed; it may be called in another thread."""

    def again(self) -> None:
        """Have the next `take` return all pages."""


class Learned:
    """Writes pages down: at once what was learned of a day, now and then the day so far.

    Args:
        pages: What was learned.
        remember: Keeps values by name across restarts, all or none.
        readings: How many readings came so far.
    """

    def __init__(
        self,
        pages: Pages,
        *,
        remember: Callable[[Mapping[str, bytes]], Awaitable[None]],
        readings: Callable[[], int],
    ) -> None:
        self._pages = pages
        self._remember = remember
        self._readings = readings
        self._saved_readings = 0
        self._saved_at = time.monotonic()
        self._full = False

    async def keep(self) -> NoReturn:
        """Write down what is due, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.turn(time.monotonic())

    async def turn(self, now: float) -> None:
        """Write down what is due.

        Args:
            now: Monotonic seconds.
        """
        if self._pages.learned or self._today_is_due(now):
            await self.save(now)

    async def save(self, now: float) -> None:
        """Write down what was learned since the last time, and the day so far."""
        self._saved_at, self._saved_readings = now, self._readings()
        pages = await asyncio.to_thread(self._pages.take())
        try:
            await self._remember(pages)
        except OutboxFullError:
            self._pages.again()
            if not self._full:
                _log.warning("no room to keep what was learned of the panels; trying again")
            self._full = True
        else:
            self._full = False

    def _today_is_due(self, now: float) -> bool:
        came = self._readings() - self._saved_readings
        paid = came >= _READINGS_A_VALUE * self._pages.today_values > 0
        return paid and now - self._saved_at >= TODAY_SECONDS
