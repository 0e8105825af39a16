"""Periods and the widths of buckets: fixed ones, days of a site, and whichever fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from collector.queries.zones import day_start

INTERVALS: Final = {
    "1m": 60,
    "5m": 300,
    "10m": 600,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "2h": 7_200,
    "3h": 10_800,
    "6h": 21_600,
    "12h": 43_200,
    "1d": 86_400,
}
"""The widths of buckets, in seconds."""
LOCAL_DAY: Final = "day"
"""The name of the interval that is the site's own day, 23 to 25 hours long."""
AUTO: Final = "auto"
"""The name of whichever interval fits."""
_HOUR: Final = 3_600
_DAY: Final = 86_400
_FIRST_BUCKET: Final = datetime(2000, 1, 3, tzinfo=UTC)


class Period(msgspec.Struct, frozen=True):
    """A period of time, `[start, end)`, UTC."""

    start: datetime
    """Its first moment."""
    end: datetime
    """The first moment after it."""

    def widened(self, seconds: int) -> "Period":
        """Return the period that begins with the bucket in which this one begins."""
        return Period(bucket_start(self.start, seconds=seconds), self.end)

    def buckets(self, seconds: int) -> int:
        """Return how many buckets of a width it touches."""
        whole = self.widened(seconds)
        return -(-(whole.end - whole.start) // timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Grid:
    """The buckets of a question."""

    interval: str
    """The name of their width."""
    source: str
    """The coarsest level of aggregates of which they can be made: 1m, 1h or 1d."""
    starts: list[datetime]
    """When each begins, UTC, in order."""
    end: datetime
    """Where the period that was asked for ends."""

    @property
    def seconds(self) -> list[int]:
        """Return the beginnings in seconds since 1970."""
        return [round(start.timestamp()) for start in self.starts]


def bucket_start(moment: datetime, *, seconds: int) -> datetime:
    """Return the beginning of the bucket a moment is in, as `time_bucket` counts."""
    return moment - (moment - _FIRST_BUCKET) % timedelta(seconds=seconds)


def source_of(seconds: int) -> str:
    """Return the coarsest aggregate of which buckets of a width can be made."""
    return "reading_" + _level_of(seconds)


def _level_of(seconds: int) -> str:
    if seconds % _HOUR:
        return "1m"
    return "1h" if seconds % _DAY else "1d"


def fitting(period: Period, *, max_points: int) -> str | None:
    """Return the shortest interval of which a period has at most so many; None if none is."""
    for name, seconds in INTERVALS.items():
        if period.buckets(seconds) <= max_points:
            return name
    return None


def grid_of(interval: str, *, period: Period, timezone: str) -> Grid:
    """Return the buckets of a period.

    Args:
        interval: One of `INTERVALS`, or `LOCAL_DAY`.
        period: The period; its first bucket is whole.
        timezone: The IANA zone of the site.
    """
    if interval == LOCAL_DAY:
        starts = list(_days(period, timezone=timezone))
        whole = all(start.minute == 0 for start in starts)
        return Grid(interval, "1h" if whole else "1m", starts, period.end)
    seconds = INTERVALS[interval]
    first = period.widened(seconds).start
    step = timedelta(seconds=seconds)
    starts = [first + number * step for number in range(period.buckets(seconds))]
    return Grid(interval, _level_of(seconds), starts, period.end)


def _days(period: Period, *, timezone: str) -> Iterator[datetime]:
    day = period.start.astimezone(ZoneInfo(timezone)).date()
    while (start := day_start(day, timezone=timezone)) < period.end:
        yield start
        day += timedelta(days=1)
