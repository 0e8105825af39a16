"""What is told of a site with a model, counted."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

NOTHING: Final = -1
"""No fault; a fault is a number from 0 on, anything below this is told by others."""

_HOLDS: Final = 3
_RENAMES: Final = 20
_ENDS: Final = 5
_FEW: Final = 3
_DAY_US: Final = 86_400_000_000

Names = NDArray[np.int8]


class Alarms:
    """Counts alarms: a fault that holds for minutes counts once, and again under another name."""

    def __init__(self) -> None:
        self._last = np.zeros(0, np.int8)
        self._held = np.zeros(0, np.int16)
        self._fine = np.zeros(0, np.int16)
        self._open = np.zeros(0, np.int8)

    def take(self, named: Names, *, known: NDArray[np.bool_]) -> int:
        """Take in a window, and return how many alarms began.

        Args:
            named: What is said of each panel: a fault's number, or less.
            known: Of which panels anything is known.
        """
        self._grow(len(named))
        fault = known & (named >= 0)
        fine = known & ~fault
        self._held = np.where(fault & (named == self._last), self._held + 1, fault.astype(np.int16))
        self._held = np.minimum(self._held, _RENAMES).astype(np.int16)
        self._fine = np.where(fine, np.minimum(self._fine + 1, _ENDS), 0).astype(np.int16)
        self._last = np.where(fault, named, self._last)
        needed = np.where(self._open == NOTHING, _HOLDS, _RENAMES)
        begins = fault & (self._held >= needed) & (named != self._open)
        self._open = np.where(begins, named, self._open)
        self._open = np.where(self._fine >= _ENDS, NOTHING, self._open).astype(np.int8)
        return int(begins.sum())

    def _grow(self, panels: int) -> None:
        more = panels - len(self._held)
        if more > 0:
            self._held, self._fine = np.pad(self._held, (0, more)), np.pad(self._fine, (0, more))
            self._last = np.pad(self._last, (0, more), constant_values=NOTHING)
            self._open = np.pad(self._open, (0, more), constant_values=NOTHING)


class Day:
    """Alarms of one day at a time, to notice soon when they are too many."""

    def __init__(self) -> None:
        self._alarms = Alarms()
        self._began_us = 0
        self.alarms = 0
        """In this day."""
        self.panels = 0
        """At most so many were looked at."""

    def take(self, named: Names, *, known: NDArray[np.bool_], end_us: int) -> int:
        """Take in a window, and return how many alarms began; see `Alarms.take`."""
        if not 0 <= end_us - self._began_us < _DAY_US:
            self._began_us, self.alarms, self.panels = end_us, 0, 0
        began = self._alarms.take(named, known=known)
        self.alarms += began
        self.panels = max(self.panels, int(known.sum()))
        return began

    def too_many(self, allowed: float) -> bool:
        """Tell whether there are more than so many for each panel."""
        return self.alarms >= _FEW and self.alarms > allowed * self.panels
