"""Times of sites that are to be aggregated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def floor(moment: datetime, width: timedelta) -> datetime:
    """Return the beginning of the minute, hour or day of UTC a moment is in."""
    return moment - (moment - _EPOCH) % width


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time of one site, `[first, last)`, UTC."""

    site_key: int
    """The site."""
    first: datetime
    """Its first moment."""
    last: datetime
    """The first moment after it."""


def widened(spans: Iterable[Span], *, width: timedelta, until: datetime) -> list[Span]:
    """Return the hours or days that spans are in, each once, as far as they end by a time."""
    starts = {
        (span.site_key, floor(span.first, width) + number * width)
        for span in spans
        for number in range(-(-(span.last - floor(span.first, width)) // width))
    }
    return [Span(site, at, at + width) for site, at in sorted(starts) if at + width <= until]


def parameters(spans: Sequence[Span]) -> dict[str, object]:
    """Return spans, at least one, as the parameters of a statement, and the time they are in."""
    return {
        "since": min(span.first for span in spans),
        "until": max(span.last for span in spans),
        "sites": [span.site_key for span in spans],
        "firsts": [span.first for span in spans],
        "lasts": [span.last for span in spans],
    }
