"""Whether the collector answers, said once when it changes, and how long to wait if not."""

import logging
import math
import random
from typing import Final

from edge_agent.errors import CollectorAwayError, UnsignedError

LONGEST_HOLD_SECONDS: Final = 60.0
"""How long the backlog waits at most after an outage, so that not all sites send theirs at once."""

_HOLD_SHARE: Final = 0.1
_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 20.0
_LONGEST_ASKED_SECONDS: Final = 300.0
_MOST_DOUBLINGS: Final = 16

_log = logging.getLogger(__name__)


class Link:
    """The state of the way to the collector; away until it has answered once.

    Args:
        now: Monotonic seconds, as everywhere here.
    """

    def __init__(self, *, now: float) -> None:
        self.there = False
        """Whether the collector answers."""
        self.trouble: str | None = None
        """Why it does not, if it does not."""
        self.changed_at = now
        """When that changed."""
        self.answered_at: float | None = None
        """When the last receipt came."""
        self.retry_at = -math.inf
        """When it may be asked again, while it is away."""
        self.backlog_from = -math.inf
        """When the backlog may go, after an outage; live data goes at once."""
        self._failures = 0

    def answered(self, *, now: float) -> None:
        """Note a receipt."""
        self.answered_at = now
        self._failures, self.trouble = 0, None
        if self.there:
            return
        away = now - self.changed_at
        longest = min(LONGEST_HOLD_SECONDS, _HOLD_SHARE * away)
        self.backlog_from = now + random.uniform(0, longest)  # noqa: S311 - jitter, no secret
        self.there, self.changed_at = True, now
        _log.info("the collector answers, after %.0f s", away)

    def lost(self, error: CollectorAwayError, *, now: float) -> None:
        """Note a failure; the next try is after what was asked for and a growing random time."""
        if self.there:
            self.changed_at = now
        if self.there or str(error) != self.trouble:
            what = (
                "nothing can be sent"
                if isinstance(error, UnsignedError)
                else "the collector is away"
            )
            _log.warning("%s: %s; keeping everything, trying again", what, error)
        self.there, self.trouble = False, str(error)
        ceiling = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        asked = min(error.retry_after or 0.0, _LONGEST_ASKED_SECONDS)
        self.retry_at = now + asked + random.uniform(0, ceiling)  # noqa: S311 - as above
