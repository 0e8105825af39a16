"""What a model would have told, counted."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.asked import HEALTHY, Answer, Asked

NOTHING: Final = -1
"""No fault."""
UNKNOWN: Final = -2
"""Nothing can be said."""

_HOLDS: Final = 3
_ENDS: Final = 5
_USUAL_THRESHOLD: Final = 0.5
_DAY_US: Final = 86_400_000_000
_FEW: Final = 3

Verdicts = NDArray[np.int16]


class Words:
    """Numbers for names of faults, the same for every model."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, names: Sequence[str]) -> Verdicts:
        """Return a number for each name; `NOTHING` for those that are no fault."""
        numbers = self._numbers
        return np.array(
            [NOTHING if n in HEALTHY else numbers.setdefault(n, len(numbers)) for n in names],
            np.int16,
        )


def verdicts(model: Asked, *, answer: Answer, known: NDArray[np.bool_], words: Words) -> Verdicts:
    """Return what a model says of each panel: a fault's number, `NOTHING` or `UNKNOWN`.

    Args:
        model: Whose answer it is.
        answer: Of as many rows as ``known`` has.
        known: Where there was anything to judge by.
        words: The faults' numbers.
    """
    probability = np.nan_to_num(answer.probability)
    sure = probability.max(axis=1) >= model.thresholds.get("name", _USUAL_THRESHOLD)
    told = np.where(sure, words.of(model.classes)[probability.argmax(axis=1)], NOTHING)
    return np.where(known, told, UNKNOWN).astype(np.int16)


class Alarms:
    """Counts alarms of a model: a fault that holds for minutes counts once until it is over."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.int16)
        self._fine = np.zeros(0, np.int16)
        self._open = np.zeros(0, np.bool_)

    def take(self, told: Verdicts) -> int:
        """Take in what was said of each panel in one window, and return how many alarms began."""
        more = len(told) - len(self._held)
        if more > 0:
            self._held, self._fine = np.pad(self._held, (0, more)), np.pad(self._fine, (0, more))
            self._open = np.pad(self._open, (0, more))
        fault, fine = told >= 0, told == NOTHING
        self._held = np.where(
            fault, np.minimum(self._held + 1, _HOLDS), np.where(fine, 0, self._held)
        )
        self._fine = np.where(
            fine, np.minimum(self._fine + 1, _ENDS), np.where(fault, 0, self._fine)
        )
        begins = (self._held >= _HOLDS) & ~self._open
        self._open = (self._open | begins) & (self._fine < _ENDS)
        return int(begins.sum())


class Day:
    """A model's alarms of one day at a time, to notice soon when they are too many."""

    def __init__(self) -> None:
        self._alarms = Alarms()
        self._began_us = 0
        self.alarms = 0
        """In this day."""
        self.panels = 0
        """At most so many were looked at."""

    def take(self, told: Verdicts, *, end_us: int) -> int:
        """Take in what was said of each panel in one window, and return how many alarms began."""
        if not 0 <= end_us - self._began_us < _DAY_US:
            self._began_us, self.alarms, self.panels = end_us, 0, 0
        began = self._alarms.take(told)
        self.alarms += began
        self.panels = max(self.panels, int((told != UNKNOWN).sum()))
        return began

    def too_many(self, allowed: float) -> str | None:
        """Say that there are too many, if so.

        Args:
            allowed: For each panel and day.
        """
        if self.alarms < _FEW or self.alarms <= allowed * self.panels:
            return None
        return (
            f"it alarms too often: {self.alarms} times for {self.panels} panels within a day, "
            f"allowed are {allowed:g} a panel"
        )
