"""The bytes a site may send in a calendar month, UTC.

They accrue evenly over the month, and one day's worth more; so a month that begins with an outage
can be made up for, and one that begins with a flood does not end without live data.
"""

import calendar
from datetime import UTC, datetime
from typing import Final

import msgspec

from edge_agent.lane import Lane

_CHUNK_BYTES: Final = 262_144
_CHUNK_SHARE: Final = 0.01
_MONTHS: Final = 4
_DAY_SECONDS: Final = 86_400.0
_RESUME_SECONDS: Final = 600.0


class Spent(msgspec.Struct):
    """What was sent in one month."""

    all_bytes: int = 0
    """By every lane."""
    backlog_bytes: int = 0
    """By the backlog."""


class Budget:
    """Counts what is sent, and says whether a lane may send.

    Each month has its own count, also after the clock was wrong for a while. Restarts are
    survived by writing down, ahead of time, the next piece to be spent: a crash can make it
    appear that more was sent, never less.

    Args:
        monthly_bytes: The most to send in a month; None means no limit.
        backlog_share: How much of what has accrued the backlog may have, between 0 and 1.
    """

    def __init__(self, monthly_bytes: float | None, *, backlog_share: float) -> None:
        self._monthly_bytes = monthly_bytes
        self._share = backlog_share
        self._months: dict[str, Spent] = {}
        self._written = 0
        self._written_month = ""
        self._holds_live = False

    def restore(self, remembered: bytes | None) -> None:
        """Go on from what `to_remember` returned; what is unreadable counts as nothing."""
        try:
            self._months = msgspec.json.decode(remembered or b"{}", type=dict[str, Spent])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._months = {}

    def spent(self, now: datetime) -> int:
        """Return the bytes sent in this month."""
        return self._of(now).all_bytes

    def allowed(self, now: datetime) -> int | None:
        """Return the bytes that have accrued in this month; None without a budget."""
        if self._monthly_bytes is None:
            return None
        utc = now.astimezone(UTC)
        days = calendar.monthrange(utc.year, utc.month)[1]
        start = utc.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        elapsed = (utc - start).total_seconds() + _DAY_SECONDS
        return int(self._monthly_bytes * min(1.0, elapsed / (days * _DAY_SECONDS)))

    def allows(self, lane: Lane, *, now: datetime) -> bool:
        """Tell whether a lane may send; after live data was held, some has to accrue first."""
        allowed, spent = self.allowed(now), self._of(now)
        if allowed is None or lane is Lane.URGENT:
            return True
        margin = self._resume_bytes() if self._holds_live else 0
        self._holds_live = spent.all_bytes + margin >= allowed
        if lane is Lane.LIVE:
            return not self._holds_live
        return not self._holds_live and spent.backlog_bytes < allowed * self._share

    def sent(self, lane: Lane, size_bytes: int, *, now: datetime) -> None:
        """Note that so much is being sent."""
        spent = self._of(now)
        spent.all_bytes += size_bytes
        spent.backlog_bytes += size_bytes * (lane is Lane.BACKLOG)

    def to_remember(self, now: datetime, *, stopping: bool = False) -> bytes | None:
        """Return what is to be written down before more is sent; None if what is written will do.

        Args:
            now: UTC.
            stopping: Whether nothing more is sent: then the exact count is written.
        """
        if self._monthly_bytes is None or not self._months:
            return None
        month, spent = _month(now), self._of(now)
        if not stopping and month == self._written_month and spent.all_bytes < self._written:
            return None
        ahead = 0 if stopping else int(min(_CHUNK_BYTES, self._monthly_bytes * _CHUNK_SHARE))
        self._written, self._written_month = spent.all_bytes + ahead, month
        months = self._months | {month: Spent(self._written, spent.backlog_bytes + ahead)}
        return msgspec.json.encode(months)

    def _resume_bytes(self) -> float:
        return (self._monthly_bytes or 0.0) * _RESUME_SECONDS / (30 * _DAY_SECONDS)

    def _of(self, now: datetime) -> Spent:
        month = _month(now)
        if month not in self._months:
            self._months[month] = Spent()
            while len(self._months) > _MONTHS:
                del self._months[next(iter(self._months))]
        return self._months[month]


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
