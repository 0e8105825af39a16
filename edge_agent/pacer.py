"""Keeps uploads within a share of the link, and the backlog within a share of that."""

import math
from typing import Final

from edge_agent.lane import Lane

_BYTES_PER_KBIT: Final = 125.0
_SEGMENT_SECONDS: Final = 10.0
_LEAST_SEGMENT_BYTES: Final = 16_384  # below, what comes with each segment is a part of the cost
_BODY_SECONDS: Final = 2.0  # a body of backlog takes no more of a capped link at once


class Pacer:
    """Says when each lane may send, so that on average no more than a given rate is sent.

    Urgent parcels pass at once, but are counted. Live ones wait only for live and urgent ones
    before them, the backlog for everything: so a large body of backlog holds up no live data.
    While live data flows, the backlog has a share: of the rate where there is one, else of the
    time.

    Args:
        kbit_per_second: The rate; None means no limit.
        backlog_share: Between 0 and 1.
    """

    def __init__(self, kbit_per_second: float | None, *, backlog_share: float) -> None:
        self._rate = None if kbit_per_second is None else kbit_per_second * _BYTES_PER_KBIT
        self._share = backlog_share
        self._live_free_at = -math.inf
        self._all_free_at = -math.inf
        self._rest_from = -math.inf
        self._rest_seconds = 0.0

    @property
    def backlog_bytes(self) -> float:
        """How large a body of backlog may be."""
        return math.inf if self._rate is None else self._rate * _BODY_SECONDS

    def wait(self, lane: Lane, *, now: float, live_flows: bool) -> float:
        """Return how many seconds a lane has to wait; 0 if it may send now."""
        if lane is Lane.URGENT:
            return 0.0
        if lane is Lane.LIVE:
            return max(0.0, self._live_free_at - now)
        wait = max(0.0, self._all_free_at - now)
        if not live_flows:
            return wait
        if not self._share:
            return math.inf
        return max(wait, self._rest_from + self._rest_seconds / self._share - now)

    def sent(self, lane: Lane, size_bytes: int, *, now: float) -> None:
        """Note that so much is being sent."""
        if self._rate is None:
            return
        seconds = size_bytes / self._rate
        self._all_free_at = max(now, self._all_free_at) + seconds
        if lane is Lane.BACKLOG:
            self._rest_from, self._rest_seconds = now, seconds
        else:
            self._live_free_at = max(now, self._live_free_at) + seconds

    def took(self, lane: Lane, seconds: float, *, now: float) -> None:
        """Note how long a request took that has just ended."""
        if lane is Lane.BACKLOG and self._rate is None:
            self._rest_from, self._rest_seconds = now - seconds, seconds


def segment_bytes(kbit_per_second: float | None, *, at_most: int) -> int:
    """Return how large segments are to be merged: one goes whole, so the cap cannot break it up.

    Args:
        kbit_per_second: The cap; None means no limit.
        at_most: How large they may be without one.
    """
    if kbit_per_second is None:
        return at_most
    capped = int(kbit_per_second * _BYTES_PER_KBIT * _SEGMENT_SECONDS)
    return min(at_most, max(capped, _LEAST_SEGMENT_BYTES))
