"""Site-local days as periods of UTC."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def local_midnight(now: datetime, *, timezone: str) -> datetime:
    """Return when the local day that contains ``now`` began, UTC."""
    zone = ZoneInfo(timezone)
    return day_start(now.astimezone(zone).date(), timezone=timezone)


def day_start(day: date, *, timezone: str) -> datetime:
    """Return when a local day begins, UTC."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def source_of_days(starts: Iterable[datetime]) -> str:
    """Return the coarsest aggregate that such days are made of: hours, or minutes in odd zones."""
    return "reading_1h" if all(start.minute == 0 for start in starts) else "reading_1m"
