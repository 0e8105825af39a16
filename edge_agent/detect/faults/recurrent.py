"""Shade that comes back: no fault, hour by hour, but it is told once that it is there."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.lesson import Day
from edge_agent.detect.rules.judgement import FINE, HOLDS, UNKNOWN

Array = NDArray[np.float64]

_DAYS: Final = 3
_LEAST_DAYS: Final = 2
_SHARE: Final = 0.02


class RecurrentShade:
    """The last three days of each panel."""

    def __init__(self) -> None:
        self._shade = np.full((_DAYS, 3, 0), np.nan)
        self._share = np.full((_DAYS, 0), np.nan)
        self._starts: list[int] = []

    def ensure(self, panels: int) -> None:
        """Make room for as many panels."""
        more = panels - self._shade.shape[2]
        if more > 0:
            self._shade = np.pad(self._shade, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)
            self._share = np.pad(self._share, ((0, 0), (0, more)), constant_values=np.nan)

    def remember(self, day: Day) -> None:
        """Take in a day of as many panels as there is room for."""
        share = day.shade[0] / (day.shade[0] + day.watt_hours)
        self._shade = np.concatenate([self._shade[1:], day.shade[np.newaxis]])
        self._share = np.concatenate([self._share[1:], share[np.newaxis]])
        self._starts = [*self._starts, day.start_us][-_DAYS:]

    def told(self) -> tuple[NDArray[np.int8], NDArray[np.int64], dict[str, Array]]:
        """Return verdicts, since when, and the evidence; two days of three must show it."""
        panels = np.arange(self._shade.shape[2])
        share = np.nan_to_num(self._share)
        holds = (share >= _SHARE).sum(axis=0) >= _LEAST_DAYS
        fine = ~np.isnan(self._share).any(axis=0) & (share < 0.5 * _SHARE).all(axis=0)
        verdict = np.where(holds, HOLDS, np.where(fine, FINE, UNKNOWN)).astype(np.int8)
        days = len(self._starts)
        first = (share[-days:] >= _SHARE).argmax(axis=0)
        since = np.array(self._starts, np.int64)[np.where(holds, first, days - 1)]
        worst = share.argmax(axis=0)
        lost, begin, end = self._shade[worst, :, panels].T
        measured = {
            "lost_watt_hours_per_day": lost,
            "lost_share_of_day": share[worst, panels],
            "shaded_from_utc_hours": begin,
            "shaded_until_utc_hours": end,
        }
        return verdict, since, measured
