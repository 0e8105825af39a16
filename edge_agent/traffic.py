"""What goes over the link, and what may: rate, budget and size of bodies, lane by lane."""

import math
from datetime import datetime
from typing import Final, NamedTuple

from edge_agent.batch_size import BatchSize, Floor
from edge_agent.budget import Budget
from edge_agent.lane import Lane
from edge_agent.pacer import Pacer

LIVE_ROWS: Final = 250_000
"""The most rows of a live body, to begin with; there are so many only after a pause."""
FLOWS_SECONDS: Final = 2.0
"""Live data flows if some was sent within so many seconds."""

_BESIDE_LIVE_SECONDS: Final = 0.15
_ALONE_SECONDS: Final = 1.0

# Measured against the real collector by `tests/acceptance/test_outages.py`: the
# heads of request and answer, the signature, and the answer's part for each segment.
_REQUEST_BYTES: Final = 1_150
_SEGMENT_BYTES: Final = 215
_FRAMING: Final = 1.05
"""TCP, IP and TLS: 40 bytes of each packet of 1,500, 22 of each record, and acknowledgements."""


class Limits(NamedTuple):
    """How large a body may be; a single larger segment still goes."""

    size_bytes: int
    """Of the segments, in sum."""
    rows: int
    """Of all their tables."""


def wire_bytes(body_bytes: int, *, segments: int) -> int:
    """Return about how much a request and its answer take of the link."""
    return int((body_bytes + _REQUEST_BYTES + segments * _SEGMENT_BYTES) * _FRAMING)


class Traffic:
    """Counts what is sent, and says when, and how much, each lane may send."""

    def __init__(self, *, pacer: Pacer, budget: Budget) -> None:
        self._pacer = pacer
        self._floor = Floor()
        self._live = BatchSize(rows=LIVE_ROWS)
        self._backlog = BatchSize()
        self._live_at = -math.inf
        self.budget = budget
        """What may be sent in a month."""
        self.wire_bytes = 0
        """About how much went over the link since the start."""

    def wait(self, lane: Lane, *, now: float, utc: datetime) -> float:
        """Return how many seconds a lane has to wait; infinite if that cannot be told."""
        if not self.budget.allows(lane, now=utc):
            return math.inf
        return self._pacer.wait(lane, now=now, live_flows=self._live_flows(now))

    def limits(self, lane: Lane, *, now: float) -> Limits:
        """Return how large a lane's next body may be."""
        if lane is not Lane.BACKLOG:
            return Limits(self._live.size_bytes(now=now), self._live.rows)
        size_bytes = min(self._backlog.size_bytes(now=now), self._pacer.backlog_bytes)
        return Limits(int(size_bytes), self._backlog.rows)

    def sent(self, lane: Lane, size_bytes: int, *, now: float, utc: datetime) -> None:
        """Note that so much is being sent, as `wire_bytes` counts."""
        self.wire_bytes += size_bytes
        self._pacer.sent(lane, size_bytes, now=now)
        self.budget.sent(lane, size_bytes, now=utc)
        if lane is Lane.LIVE:
            self._live_at = now

    def took(self, lane: Lane, seconds: float, *, rows: int, now: float) -> None:
        """Note how long a request took that has just been answered."""
        self._floor.took(seconds, now=now)
        self._pacer.took(lane, seconds, now=now)
        beside = lane is Lane.BACKLOG and self._live_flows(now)
        target = self._floor.seconds + (_BESIDE_LIVE_SECONDS if beside else _ALONE_SECONDS)
        self._size(lane).took(seconds, rows=rows, target=target)

    def ran_out(self, lane: Lane) -> None:
        """Note a request that was given up for taking too long."""
        self._size(lane).ran_out()

    def too_large(self, size_bytes: int, *, now: float) -> None:
        """Note a body that was refused as too large; what refused it does so on every lane."""
        for size in (self._live, self._backlog):
            size.too_large(size_bytes, now=now)

    def _size(self, lane: Lane) -> BatchSize:
        return self._backlog if lane is Lane.BACKLOG else self._live

    def _live_flows(self, now: float) -> bool:
        return now - self._live_at < FLOWS_SECONDS


def unlimited() -> Traffic:
    """Return traffic that may go at any time, and is only counted."""
    return Traffic(pacer=Pacer(None, backlog_share=1.0), budget=Budget(None, backlog_share=1.0))
