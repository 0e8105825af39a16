"""Losses too small for an alarm within hours, but there day after day."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.lesson import Day
from edge_agent.detect.rules.judgement import FINE, HOLDS, UNKNOWN
from shared.baselines import Baseline
from shared.peers import nan_median

Array = NDArray[np.float64]

_DAYS: Final = 3
_LEAST: Final = np.array([[0.028], [0.012]])
_SIGMAS: Final = np.array([[2.8], [4.0]])


class SlowLosses:
    """The last three days of each panel: energy against siblings, and voltage."""

    def __init__(self) -> None:
        self._losses = np.full((_DAYS, 2, 0), np.nan)
        self._starts: list[int] = []

    def ensure(self, panels: int) -> None:
        """Make room for as many panels."""
        more = panels - self._losses.shape[2]
        if more > 0:
            self._losses = np.pad(self._losses, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)

    def remember(self, day: Day) -> None:
        """Take in a day of as many panels as there is room for."""
        self._losses = np.concatenate([self._losses[1:], day.losses[np.newaxis]])
        self._starts = [*self._starts, day.start_us][-_DAYS:]

    def step(
        self, day: Day, *, baseline: Baseline, busy: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int8], NDArray[np.int64], dict[str, Array]]:
        """Take in a day, and return verdicts, since when, and the evidence.

        Args:
            day: The day that has ended.
            baseline: What is usual.
            busy: Panels whose loss has a name already.
        """
        self.remember(day)
        limit = np.maximum(_LEAST, _SIGMAS * baseline.daily_sigma)
        energy = np.where(
            np.isnan(self._losses[:, 0]).any(axis=0), np.nan, nan_median(self._losses[:, 0], axis=0)
        )
        # A voltage wanders less than energy against siblings: one day is enough.
        middle = np.stack([energy, day.losses[1]])
        known = ~np.isnan(middle)
        low = (middle < -limit).any(axis=0)
        fine = ~low & (~known | (middle > -0.5 * limit)).all(axis=0) & known.any(axis=0)
        verdict = np.where(low & ~busy, HOLDS, np.where(fine, FINE, UNKNOWN)).astype(np.int8)
        by_energy = middle[0] < -limit[0]
        since = np.where(by_energy, self._starts[0], self._starts[-1]).astype(np.int64)
        measured = {
            "daily_energy_against_siblings_share": middle[0],
            "daily_voltage_residual_share": middle[1],
            "lost_watt_hours_per_day": np.maximum(-middle[0], 0.0) * day.watt_hours,
            "limit_share": limit[0],
        }
        return verdict, since, measured
