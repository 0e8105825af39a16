"""What queries share: times, intervals and choices, checked so that errors name what is allowed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import msgspec
from litestar.params import QueryParameter

from collector.queries.intervals import AUTO, INTERVALS, LOCAL_DAY, Period, fitting
from collector.refusals import bad_request

DEFAULT_SPAN: Final = timedelta(days=1)
MAX_BUCKETS: Final = 50_000
MAX_POINTS: Final = 10_000
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_EXAMPLE: Final = "2026-06-01T12:00:00Z"
_OFFSET: Final = 6

Choice = TypeVar("Choice", bound=StrEnum)

StartTime = Annotated[
    str | None,
    QueryParameter(
        description="RFC 3339; 24 hours before `end_time` when absent. The bucket it is in counts.",
        schema_extra={"format": "date-time"},
    ),
]
EndTime = Annotated[
    str | None,
    QueryParameter(
        description="RFC 3339, exclusive; now when absent.", schema_extra={"format": "date-time"}
    ),
]
IntervalOrRaw = Annotated[
    str, QueryParameter(description="Width of a bucket: raw, " + ", ".join(INTERVALS) + ".")
]
IntervalOfSeries = Annotated[
    str,
    QueryParameter(
        description=f"Width of a bucket: {', '.join(INTERVALS)}; {LOCAL_DAY} for the site's own "
        f"days, {AUTO} for the shortest that needs at most `max_points`."
    ),
]
MaxPoints = Annotated[
    int,
    QueryParameter(ge=1, le=MAX_POINTS, description="How many buckets `interval=auto` may need."),
]
SiteFilter = Annotated[str | None, QueryParameter(description="Only this site.")]


def read_period(start_time: str | None, end_time: str | None, *, now: datetime) -> Period:
    """Return the period that two parameters mean.

    Raises:
        ProblemError: One is no time, or they are the wrong way round.
    """
    end = now if end_time is None else read_time("end_time", end_time)
    start = end - DEFAULT_SPAN if start_time is None else read_time("start_time", start_time)
    if start >= end:
        raise bad_request(
            f"start_time is {show(start)} and end_time is {show(end)}; "
            "allowed is a start_time before the end_time",
            title="bad range",
        )
    return Period(start, end)


def read_interval(interval: str, *, period: Period, raw: bool = False) -> int:
    """Return the seconds of an interval; 0 for raw.

    Raises:
        ProblemError: It is not known, or the period has too many of it.
    """
    if raw and interval == "raw":
        return 0
    if interval not in INTERVALS:
        allowed = (["raw"] if raw else []) + list(INTERVALS)
        raise bad_request(
            f"interval is {interval!r}, allowed are {', '.join(allowed)}", title="bad interval"
        )
    seconds = INTERVALS[interval]
    if (count := period.buckets(seconds)) > MAX_BUCKETS:
        raise bad_request(
            f"the range has {count} intervals of {interval}, allowed are {MAX_BUCKETS}: "
            "ask for a shorter range or a longer interval",
            title="bad range",
        )
    return seconds


def read_interval_of_series(interval: str, *, period: Period, max_points: int, panels: int) -> str:
    """Return the name of an interval, `auto` decided.

    Args:
        interval: As in the address.
        period: The period it is to divide.
        max_points: How many buckets ``auto`` may need.
        panels: How many panels share the answer; 1 for a site.

    Raises:
        ProblemError: It is not known, or the answer would be too long.
    """
    if interval == AUTO:
        interval = _read_auto(period, max_points=max_points)
    if interval not in {*INTERVALS, LOCAL_DAY}:
        allowed = ", ".join([AUTO, *INTERVALS, LOCAL_DAY])
        raise bad_request(f"interval is {interval!r}, allowed are {allowed}", title="bad interval")
    count = period.buckets(INTERVALS.get(interval, INTERVALS["1d"])) * panels
    if count > MAX_BUCKETS:
        raise bad_request(
            f"the answer has {count} intervals of {interval}, allowed are {MAX_BUCKETS}: "
            "ask for a shorter range, fewer panels or a longer interval",
            title="bad range",
        )
    return interval


def _read_auto(period: Period, *, max_points: int) -> str:
    fits = fitting(period, max_points=max_points)
    if fits is None:
        days = period.buckets(INTERVALS["1d"])
        more = f"a max_points from {days}, or " if days <= MAX_POINTS else ""
        raise bad_request(
            f"max_points is {max_points}, and the range has {days} intervals of 1d, the longest; "
            f"allowed is {more}a range of at most {max_points} days of UTC",
            title="bad range",
        )
    return fits


def read_choices(name: str, text: str | None, *, kind: type[Choice]) -> list[Choice]:
    """Return the members that a comma-separated parameter names; all when it is absent.

    Raises:
        ProblemError: It names something else.
    """
    if text is None:
        return list(kind)
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError as error:
        allowed = ", ".join(kind)
        raise bad_request(f"{name} is {text!r}, allowed are {allowed}, by commas") from error


def show(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_time(name: str, text: str) -> datetime:
    """Return the time that a parameter or a field means.

    Raises:
        ProblemError: It is no time.
    """
    # A plus sign that was not escaped in the address arrives as a space.
    if text[-_OFFSET : -_OFFSET + 1] == " " and "T" in text:
        text = f"{text[:-_OFFSET]}+{text[-_OFFSET + 1 :]}"
    try:
        moment = _parse(text)
    except (msgspec.ValidationError, OverflowError) as error:
        raise bad_request(
            f"{name} is {text!r}, allowed is RFC 3339 with a zone, as in {_EXAMPLE}",
            title="bad time",
        ) from error
    if not _EARLIEST <= moment < _LATEST:
        raise bad_request(
            f"{name} is {text!r}, allowed is {show(_EARLIEST)} to {show(_LATEST)}", title="bad time"
        )
    return moment


def _parse(text: str) -> datetime:
    aware: Callable[..., datetime] = msgspec.convert
    return aware(text, Annotated[datetime, msgspec.Meta(tz=True)]).astimezone(UTC)
