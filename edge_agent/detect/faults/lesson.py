"""What is made of a day that has ended: what it was, and what is usual with it taken in."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.portions import fit_in_portions, portions
from edge_agent.detect.faults.shade import hours_of, shade_of
from shared.baselines import Baseline
from shared.features import Deviations, Observed, deviations
from shared.history import History
from shared.sky import Sky
from shared.wandering import daily_losses

Array = NDArray[np.float64]

KEPT_DAYS: Final = 21
"""How many days a baseline is learned from, at most."""

MOST_VALUES: Final = 600_000
"""Rows times panels a baseline is learned from, at most."""

_FEW_DAYS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What a day was, for each panel; arrays of shape ``(panels,)``."""

    start_us: int
    """Its first sunny minute, microseconds since 1970."""
    losses: Array
    """Energy against siblings less 1, and the voltage: ``(2, panels)``."""
    watt_hours: Array
    """What was to be expected."""
    shade: Array
    """What was lost in usual shade, and when, as `shade_of` returns it: ``(3, panels)``."""

    def widened(self, panels: int) -> "Day":
        """Return the same with room for panels that came later."""
        more = (0, panels - len(self.watt_hours))
        return Day(
            self.start_us,
            np.pad(self.losses, ((0, 0), more), constant_values=np.nan),
            np.pad(self.watt_hours, more, constant_values=np.nan),
            np.pad(self.shade, ((0, 0), more), constant_values=np.nan),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known after a lesson."""

    baseline: Baseline
    """What is usual."""
    history: History
    """What it was learned from; its panels are those of the baseline, or the first of them."""
    day: Day | None = None
    """What the day of the lesson was."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A day to learn from; it may be learned in another thread."""

    panel_ids: tuple[str, ...]
    """All panels; the first of them are those known before, in their order."""
    today: History
    """The day, of these panels."""
    alarmed: NDArray[np.bool_]
    """Panels it is not to be learned from; may know fewer panels."""
    group: NDArray[np.int32]
    """Panels of one number are siblings, shape ``(panels,)``."""
    sky: Sky
    """Where the site is."""

    def after(self, before: Known) -> Known:
        """Return what is known once this is learned."""
        baseline = before.baseline.arranged(self.panel_ids)
        today = replace(self.today, values=self.today.values.copy())
        today.values[..., : len(self.alarmed)][..., self.alarmed] = np.nan
        history = before.history.joined(today, rows=_still_wanted(before.history, today=today))
        fitted = fit_in_portions(history, panel_ids=self.panel_ids, group=self.group, sky=self.sky)
        fitted = _cautious(replace(fitted, fitted_us=int(today.time_us[-1])))
        usable = fitted.own | ~baseline.own
        learned = baseline.with_panels_of(fitted, rows=usable)
        return Known(learned, history, self._day(baseline, shaded=learned.shaded))

    def _day(self, baseline: Baseline, *, shaded: NDArray[np.bool_]) -> Day:
        """Return what the day was by what was usual before it; where shade is, by now."""
        count = len(self.panel_ids)
        start_us = int(self.today.time_us[0])
        day = Day(start_us, np.empty((2, count)), np.empty(count), np.empty((3, count)))
        cells = self.sky.cells(self.today.time_us)
        for at in portions(self.group):
            ids = tuple(self.panel_ids[number] for number in at.tolist())
            part, usual, group = self.today.of_panels(at), baseline.arranged(ids), self.group[at]
            observed = Observed.of(
                part.values.astype(np.float64),
                irradiance_w_m2=part.irradiance_w_m2.astype(np.float64),
            )
            day.losses[:, at], day.watt_hours[at] = self._summary(
                observed, part=part, usual=usual, group=group
            )
            day.shade[:, at] = shade_of(
                observed,
                time_us=part.time_us,
                shaded=shaded[:, at][cells],
                baseline=usual,
                group=group,
            )
        return day

    def _summary(
        self, observed: Observed, *, part: History, usual: Baseline, group: NDArray[np.int32]
    ) -> tuple[Array, Array]:
        found = deviations(observed, time_us=part.time_us, baseline=usual, group=group)
        clear = found.sun & ~usual.shaded[self.sky.cells(part.time_us)]
        losses = daily_losses(
            found, power=observed.power, clear=clear, rows=np.ones(len(part), np.bool_)
        )
        return losses, _watt_hours(found, time_us=part.time_us)


def _still_wanted(history: History, *, today: History) -> NDArray[np.bool_]:
    """Return the rows to keep: of the last days; of fewer, where there are too many panels."""
    newest = int(today.day[0])
    recent = history.day > newest - KEPT_DAYS
    most = max(MOST_VALUES // max(today.values.shape[2], 1), 1)
    day = np.concatenate([history.day[recent], today.day])
    if len(day) <= most:
        return recent
    return recent & (history.day >= min(int(day[-most]) + 1, newest))


def _cautious(baseline: Baseline) -> Baseline:
    """Return the same, less sharp for panels that were seen on few days only."""
    missing = np.maximum(_FEW_DAYS - baseline.days, 0)
    return replace(baseline, tolerance=baseline.tolerance * (1.0 + 0.5 * missing))


def _watt_hours(found: Deviations, *, time_us: NDArray[np.int64]) -> Array:
    total = np.nansum(found.expected_watts * hours_of(time_us), axis=0)
    return np.where(total > 0, total, np.nan)
