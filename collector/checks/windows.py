"""Windows of detection: which of them can be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.checks.rows import bad_time, timely
from collector.receipts import Rejection
from shared.errors import InvalidSegmentError
from shared.messages import PANEL_ID
from shared.tables import Table, Text

MAX_SECONDS: Final = 86_400
"""How long a window may be."""
_LONGEST_NAME: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class CheckedWindows:
    """Windows of a segment that can be."""

    table: Table
    """All windows that were sent."""
    places: NDArray[np.int64]
    """Which of them can be: rows, at least one."""

    @property
    def panel(self) -> Text:
        """Return the panels of all rows."""
        return _text(self.table, "panel")


def check_windows(
    table: Table | None, *, now: datetime, rejected: list[Rejection]
) -> CheckedWindows | None:
    """Return the windows whose panel and time can be, telling of the others; None without any.

    Args:
        table: The rows, if any.
        now: The collector's time, UTC.
        rejected: Where the others are added, with their reasons.

    Raises:
        InvalidSegmentError: A window is of no length, or its kind has no name that can be.
    """
    if table is None:
        return None
    seconds, panel = np.asarray(table["seconds"]), _text(table, "panel")
    if not ((seconds > 0) & (seconds <= MAX_SECONDS)).all():
        raise InvalidSegmentError(f"a window has no 1 to {MAX_SECONDS} seconds")
    if any(len(kind) > _LONGEST_NAME for kind in _text(table, "kind").values):
        raise InvalidSegmentError(f"a window's kind has over {_LONGEST_NAME} characters")
    times = np.asarray(table["time_us"])
    named = np.array([bool(PANEL_ID.fullmatch(one)) for one in panel.values], np.bool_)[panel.index]
    good = named & timely(times, now=now)
    for at in np.flatnonzero(~good).tolist():
        reason = (
            bad_time(int(times[at]), now=now)
            if named[at]
            else f"panel is {panel.values[panel.index[at]][:80]!r}, no panel id"
        )
        rejected.append(Rejection(at, reason, "windows"))
    return CheckedWindows(table, np.flatnonzero(good)) if good.any() else None


def _text(table: Table, name: str) -> Text:
    column = table[name]
    assert isinstance(column, Text)  # noqa: S101 - decode() checked it against SCHEMA
    return column
