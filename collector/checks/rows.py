"""Rows of segments: which of them can be."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.receipts import Rejection
from shared.alerts import Episode
from shared.messages import MAX_FUTURE, MAX_PAST, PANEL_ID
from shared.readings import Readings
from shared.tables import Table

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def possible(
    readings: Readings, *, now: datetime, rejected: list[Rejection]
) -> tuple[Readings | None, NDArray[np.int64] | None]:
    """Return the readings whose panel and time can be, telling of the others.

    Their values are not judged: the gateway has done so, by the limits of each panel that its
    operator set, which are not known here.

    Args:
        readings: At least one.
        now: The collector's time, UTC.
        rejected: Where the others are added, with their reasons.

    Returns:
        The readings, None when none is left; and their positions, None when all are.
    """
    named = np.array([bool(PANEL_ID.fullmatch(panel)) for panel in readings.panel_ids], np.bool_)
    good = timely(readings.time_us, now=now)
    if not named.all():
        good &= named[readings.panel]
    if good.all():
        return readings, None
    for at in np.flatnonzero(~good).tolist():
        panel = readings.panel[at]
        reason = (
            bad_time(int(readings.time_us[at]), now=now)
            if named[panel]
            else f"panel_id is {readings.panel_ids[panel][:80]!r}, "
            "allowed are 1 to 64 letters, digits and . _ : -"
        )
        rejected.append(Rejection(at, reason))
    kept = readings.take(good)
    return (kept, np.flatnonzero(good)) if len(kept) else (None, None)


def in_time(
    table: Table | None, *, name: str, now: datetime, rejected: list[Rejection]
) -> Table | None:
    """Return the rows of weather or meter whose times can be, telling of the others.

    Args:
        table: The rows, if any.
        name: The table's name.
        now: The collector's time, UTC.
        rejected: Where the others are added, with their reasons.
    """
    if table is None:
        return None
    times = np.asarray(table["time_us"])
    good = timely(times, now=now)
    if good.all():
        return table
    rejected.extend(
        Rejection(at, bad_time(int(times[at]), now=now), name)
        for at in np.flatnonzero(~good).tolist()
    )
    return {column: np.asarray(table[column])[good] for column in table} if good.any() else None


def timely(time_us: NDArray[np.int64], *, now: datetime) -> NDArray[np.bool_]:
    """Tell which times, in microseconds, are neither in the future nor too old."""
    earliest, latest = _micros(now - MAX_PAST), _micros(now + MAX_FUTURE)
    return np.asarray((time_us >= earliest) & (time_us <= latest))


def bad_moment(episode: Episode, *, now: datetime) -> str | None:
    """Return which time of an alert cannot be, and why; None when all can."""
    for name in ("raised_at", "last_seen_at", "cleared_at"):
        moment: datetime | None = getattr(episode, name)
        if moment is None or now - MAX_PAST <= moment <= now + MAX_FUTURE:
            continue
        stamp = moment.isoformat().replace("+00:00", "Z")
        return f"{name} is {stamp}, {_how_far(future=moment > now)}"
    return None


def bad_time(time_us: int, *, now: datetime) -> str:
    """Return why a time that is not `timely` cannot be."""
    return f"time_us is {time_us}, {_how_far(future=time_us > _micros(now))}"


def _how_far(*, future: bool) -> str:
    if future:
        return f"over {MAX_FUTURE.seconds // 60} minutes in the future"
    return f"over {MAX_PAST.days // 366} years ago"


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
