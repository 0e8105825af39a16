"""Learns a site's baseline: gathers sunny minutes, and fits anew after each day."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.baselines import Baseline
from shared.errors import InvalidBaselineError
from shared.features import Deviations, Observed, deviations
from shared.fitting import fit_baseline
from shared.history import BLOCK_US, History
from shared.peers import nan_median
from shared.sky import Sky
from shared.wandering import daily_losses
from shared.windows import Window

Array = NDArray[np.float64]

KEPT_DAYS: Final = 21
"""How many days a baseline is learned from, at most."""

_DAY_US: Final = 86_400_000_000
_FEW_DAYS: Final = 3
_MOST_VALUES: Final = 600_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What a day was, for each panel; arrays of shape ``(panels,)``."""

    start_us: int
    """Its first sunny minute, microseconds since 1970."""
    losses: Array
    """Energy against siblings less 1, and the voltage: ``(2, panels)``."""
    watt_hours: Array
    """What was to be expected."""


class _Kept(msgspec.Struct, array_like=True):
    baseline: bytes
    history: bytes
    noon: tuple[float, float]


class Learner:
    """Knows what is usual now, and gathers what it will be learned from next.

    Args:
        sky: Where the site is.
    """

    def __init__(self, sky: Sky) -> None:
        self.baseline = Baseline.cold()
        self.history = History.empty()
        self.trusted_until_us = 0
        """Until then all days are taken as fault-free: somebody said so."""
        self._sky = sky
        self._pending: list[Window] = []
        self._today: list[tuple[int, Array, float]] = []
        self._noon = 0j
        self._number: int | None = None
        self._alarmed = np.zeros(0, np.bool_)

    def to_bytes(self) -> bytes:
        """Return what was learned, and what it was learned from, as MessagePack."""
        noon = (self._noon.real, self._noon.imag)
        kept = _Kept(self.baseline.to_bytes(), self.history.to_bytes(), noon)
        return msgspec.msgpack.encode(kept)

    def restore(self, data: bytes) -> None:
        """Take up what `to_bytes` returned; if it cannot be read, nothing changes.

        Raises:
            InvalidBaselineError: It is of another version, or damaged.
        """
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
        except msgspec.MsgspecError as error:
            raise InvalidBaselineError(f"what was learned cannot be read: {error}") from error
        baseline, history = Baseline.from_bytes(kept.baseline), History.from_bytes(kept.history)
        if history.values.shape[2] > len(baseline.panel_ids):
            raise InvalidBaselineError("the history has more panels than the baseline")
        self.baseline, self.history, self._noon = baseline, history, complex(*kept.noon)

    def usual(self, panel_ids: Sequence[str]) -> Baseline:
        """Return what is usual for these panels."""
        if len(panel_ids) != len(self.baseline.panel_ids):
            self.baseline = self.baseline.arranged(tuple(panel_ids))
        return self.baseline

    def take(
        self, window: Window, *, sunny: bool, alarmed: NDArray[np.bool_], group: NDArray[np.int32]
    ) -> Day | None:
        """Take in a window, and return the day that ended before it, if one did.

        Args:
            window: Later than the ones before.
            sunny: Whether anything can be learned from it.
            alarmed: Panels with an open episode: their day is not learned from.
            group: Panels of one number are siblings.
        """
        number = self._day_of(window)
        ended = None
        if self._number is not None and number != self._number:
            ended = self.end_day(group)
        self._number = number
        if sunny:
            seen = np.pad(self._alarmed, (0, len(alarmed) - len(self._alarmed)))
            self._alarmed = seen | (alarmed & (window.start_us >= self.trusted_until_us))
            self._gather(window)
        return ended

    def _day_of(self, window: Window) -> int:
        """Return the solar day; noon is where production's middle is."""
        time_us = (window.start_us + window.end_us) // 2
        offset = (np.angle(self._noon) / (2 * np.pi) - 0.5) * _DAY_US if self._noon else 0.0
        number = int((time_us - offset) // _DAY_US)
        if self._number is not None and number < self._number:
            number = self._number
        watts = float(np.nansum(np.maximum(window.values[3], 0.0)))
        volt_amperes = float(np.nansum(np.maximum(window.values[1] * window.values[2], 0.0)))
        turn = 2j * np.pi * (time_us % _DAY_US) / _DAY_US
        self._noon += max(watts, volt_amperes) * complex(np.exp(turn))
        return number

    def _gather(self, window: Window) -> None:
        self._pending.append(window)
        first = self._pending[0]
        if window.end_us - first.start_us < BLOCK_US:
            return
        pending, self._pending = self._pending, []
        panels = window.values.shape[1]
        same = [part for part in pending if part.values.shape[1] == panels]
        values = nan_median(np.stack([part.values for part in same]), axis=0)
        light = nan_median(np.array([part.irradiance_w_m2 for part in same]), axis=0)
        self._today.append(((first.start_us + window.end_us) // 2, values, float(light)))

    def end_day(self, group: NDArray[np.int32]) -> Day | None:
        """Learn from the day so far, and return what it was; None if it had no sun."""
        today, self._today, self._pending = self._today, [], []
        alarmed, self._alarmed = self._alarmed, np.zeros(0, np.bool_)
        panels = len(self.baseline.panel_ids)
        blocks = [block for block in today if block[1].shape[1] <= panels]
        if not blocks:
            return None
        values = np.stack([_widened(block[1], panels=panels) for block in blocks], axis=1)
        part = History(
            np.array([block[0] for block in blocks], np.int64),
            np.full(len(blocks), self._number, np.int32),
            values.astype(np.float32),
            np.array([block[2] for block in blocks], np.float32),
        )
        day = self._summary(part, group=group)
        part.values[..., : len(alarmed)][..., alarmed] = np.nan
        self._learn(part, group=group)
        return day

    def _summary(self, part: History, *, group: NDArray[np.int32]) -> Day:
        observed = Observed.of(
            part.values.astype(np.float64),
            irradiance_w_m2=part.irradiance_w_m2.astype(np.float64),
        )
        found = deviations(observed, time_us=part.time_us, baseline=self.baseline, group=group)
        clear = found.sun & ~self.baseline.shaded[self._sky.cells(part.time_us)]
        losses = daily_losses(
            found, power=observed.power, clear=clear, rows=np.ones(len(part), np.bool_)
        )
        return Day(int(part.time_us[0]), losses, _watt_hours(found, time_us=part.time_us))

    def _learn(self, part: History, *, group: NDArray[np.int32]) -> None:
        newest = int(part.day[0])
        kept = self.history.take(self.history.day > newest - KEPT_DAYS)
        self.history = _bounded(kept.joined(part))
        fitted = fit_baseline(
            self.history, panel_ids=self.baseline.panel_ids, group=group, sky=self._sky
        )
        fitted = _cautious(replace(fitted, fitted_us=int(part.time_us[-1])))
        usable = fitted.own | ~self.baseline.own
        self.baseline = self.baseline.with_panels_of(fitted, rows=usable)
        _log.debug("learned from %d rows of %d days", len(self.history), len(set(self.history.day)))


def _bounded(history: History) -> History:
    """Return the same without its oldest days, where there are too many panels for all of them."""
    most = max(_MOST_VALUES // max(history.values.shape[2], 1), 1)
    if len(history) <= most:
        return history
    oldest = min(int(history.day[-most]) + 1, int(history.day[-1]))
    return history.take(history.day >= oldest)


def _cautious(baseline: Baseline) -> Baseline:
    """Return the same, less sharp for panels that were seen on few days only."""
    missing = np.maximum(_FEW_DAYS - baseline.days, 0)
    return replace(baseline, tolerance=baseline.tolerance * (1.0 + 0.5 * missing))


def _widened(values: Array, *, panels: int) -> Array:
    return np.pad(values, ((0, 0), (0, panels - values.shape[1])), constant_values=np.nan)


def _watt_hours(found: Deviations, *, time_us: NDArray[np.int64]) -> Array:
    passed = np.diff(time_us, append=time_us[-1:] + BLOCK_US) / 3.6e9
    hours = np.minimum(passed, 2 * float(np.median(passed)))[:, np.newaxis]
    total = np.nansum(found.expected_watts * hours, axis=0)
    return np.where(total > 0, total, np.nan)
