"""Whether the collector answers, said once when it changes, and how long to wait if not."""

import asyncio
import logging
import random
import time
from typing import Final

from edge_agent.errors import CollectorAwayError

_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 20.0
_LONGEST_ASKED_SECONDS: Final = 300.0

_log = logging.getLogger(__name__)


class Link:
    """The state of the way to the collector; away until it has answered once."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        """Set while the collector answers."""
        self.trouble: str | None = None
        """Why it does not, if it does not."""
        self.changed_at = time.time()
        """Epoch seconds at which that changed."""
        self.answered_at: float | None = None
        """Epoch seconds of the last receipt."""
        self._failures = 0

    def answered(self) -> None:
        """Note a receipt."""
        self.answered_at = time.time()
        if not self.there.is_set():
            away = self.answered_at - self.changed_at
            _log.info("the collector answers, after %.0f s", away)
            self.changed_at = self.answered_at
        self._failures, self.trouble = 0, None
        self.there.set()

    def lost(self, error: CollectorAwayError) -> float:
        """Note a failure.

        Returns:
            Seconds to wait before trying again: random up to a growing ceiling, and at least
            what the collector asked for.
        """
        if self.there.is_set():
            self.changed_at = time.time()
        if self.there.is_set() or str(error) != self.trouble:
            _log.warning("the collector is away: %s; keeping everything, trying again", error)
        self.there.clear()
        self.trouble = str(error)
        ceiling = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        asked = min(error.retry_after or 0.0, _LONGEST_ASKED_SECONDS)
        return asked + random.uniform(0, ceiling)  # noqa: S311 - jitter, no secret
