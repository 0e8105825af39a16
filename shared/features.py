"""How each panel deviates from what is usual for it: what detection and training look at.

Everything is relative to the panel itself, so modules and strings of any size look alike, and any
measured column may be missing: what cannot be compared is NaN.
"""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shared.baselines import Baseline
from shared.curve import expected_volts
from shared.kin import beyond_median, expected_beyond
from shared.peers import MIN_PANELS, group_median
from shared.sky import slots

Array = NDArray[np.float64]

SUN_SHARE: Final = 0.12
"""Siblings' production, against full sun, below which nothing is told: 40 W of 330."""

_COLD_WATTS: Final = 40.0
_DARK_WATTS: Final = 1.0
_DARK_SHARE: Final = 0.02
_GAMMA: Final = 0.004
_FULL_SUN: Final = 1000.0
_LEAST_IRRADIANCE: Final = 100.0
_CURRENT_SHARE: Final = 0.08
_VOLTS, _AMPERES, _WATTS = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What was measured; arrays of shape ``(..., panels)``, NaN when missing."""

    celsius: Array
    volts: Array
    amperes: Array
    watts: Array
    irradiance_w_m2: Array
    """Of the site, shape ``(...)``."""

    @classmethod
    def of(cls, values: Array, *, irradiance_w_m2: Array) -> Self:
        """Take medians in the order of `shared.readings.QUANTITIES`, shape ``(4, ..., panels)``."""
        celsius, volts, amperes, watts = values
        return cls(celsius, volts, amperes, watts, irradiance_w_m2)

    @property
    def power(self) -> Array:
        """Return watts, or volts times amperes where they are missing."""
        return np.where(np.isnan(self.watts), self.volts * self.amperes, self.watts)

    @property
    def current(self) -> Array:
        """Return amperes, or watts by volts where they are missing."""
        usable = np.where(self.volts > 0, self.volts, np.nan)
        return np.where(np.isnan(self.amperes), self.watts / usable, self.amperes)


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """What is unusual; arrays of shape ``(..., panels)``."""

    volts: Array
    """Voltage against the expected one of this temperature and current, less what all share."""
    amperes: Array
    """Current against the siblings' median and the usual ratio to it."""
    watts: Array
    """Power, in the same way."""
    celsius: Array
    """Degrees above the siblings' median and the usual offset from it."""
    conversion: Array
    """Watts by volts times amperes, against the usual."""
    volts_peer: Array
    """Voltage against the siblings' median and the usual ratio to it."""
    expected_watts: Array
    """What the siblings say it should produce."""
    sun: NDArray[np.bool_]
    """Whether there is enough light to tell."""

    def stacked(self) -> Array:
        """Return the deviations in the order of `shared.baselines.FEATURES`, ``(6, …)``."""
        return np.stack([getattr(self, field.name) for field in fields(self)[:6]])


def deviations(
    observed: Observed, *, time_us: NDArray[np.int64], baseline: Baseline, group: NDArray[np.int32]
) -> Deviations:
    """Compare what was measured with what is usual.

    Args:
        observed: One window, or many.
        time_us: The middle of each, shape ``(...)``.
        baseline: What is usual, of the same panels.
        group: Panels of one number are siblings, shape ``(panels,)``.
    """
    ratio, offset = _usual(baseline, time_us=time_us)
    power, current = observed.power, observed.current
    relative = power / ratio[_WATTS]
    light = _light(relative, observed=observed, baseline=baseline, group=group)
    more: Array | float = 1.0
    if baseline.kin_weight.any():
        beyond = beyond_median(relative, light=light, group=group)
        more = 1.0 + expected_beyond(beyond, baseline=baseline)
    expected = ratio[_WATTS] * light * more
    flow = group_median(current / ratio[_AMPERES], group=group) * more
    peer_volts = group_median(observed.volts / ratio[_VOLTS], group=group)
    peer_celsius = group_median(observed.celsius - offset, group=group)
    sun = _in_sun(power, observed=observed, baseline=baseline, expected=expected, group=group)
    apparent = observed.volts * observed.amperes
    return Deviations(
        volts=_residual(observed, current=current, baseline=baseline, group=group),
        amperes=_relative(current, usual=ratio[_AMPERES] * flow),
        watts=_relative(power, usual=expected),
        celsius=observed.celsius - offset - peer_celsius,
        conversion=_relative(observed.watts, usual=apparent * baseline.conversion),
        volts_peer=_relative(observed.volts, usual=ratio[_VOLTS] * peer_volts),
        expected_watts=expected,
        sun=sun,
    )


def is_dark(observed: Observed, *, baseline: Baseline) -> bool:
    """Return whether one window is certainly too dark to tell anything: cheap, for the nights."""
    power = observed.power
    unknown = np.isnan(baseline.peak_watts)
    most = np.where(unknown, _DARK_WATTS, _DARK_SHARE * baseline.peak_watts)
    bright = bool(observed.irradiance_w_m2 >= _LEAST_IRRADIANCE)
    known = ~np.isnan(power)
    return not bright and bool(known.any()) and bool((power[known] <= most[known]).all())


def usual_light(observed: Observed) -> Array:
    """Return what stands for the siblings where there are none: irradiance, if it is measured."""
    warm = np.nan_to_num(observed.celsius - 25.0)
    light = np.where(
        observed.irradiance_w_m2 >= _LEAST_IRRADIANCE, observed.irradiance_w_m2, np.nan
    )
    return np.asarray(light[..., np.newaxis] * (1.0 - _GAMMA * warm))


def lonely(group: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which panels have too few siblings to compare with, shape ``(panels,)``."""
    _, number, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(count[number] < MIN_PANELS)


def _light(
    relative: Array, *, observed: Observed, baseline: Baseline, group: NDArray[np.int32]
) -> Array:
    peers = group_median(relative, group=group)
    known = lonely(group) & baseline.own
    return np.where(known & np.isnan(peers), usual_light(observed), peers)


def _usual(baseline: Baseline, *, time_us: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the usual ratio, shape ``(3, ..., panels)``, and temperature offset at each time."""
    before, part = slots(time_us)
    after, part = (before + 1) % baseline.ratio.shape[1], part[..., np.newaxis]
    ratio = baseline.ratio[:, before] * (1 - part) + baseline.ratio[:, after] * part
    kept = baseline.offset_celsius
    return ratio, kept[before] * (1 - part) + kept[after] * part


def _in_sun(
    power: Array,
    *,
    observed: Observed,
    baseline: Baseline,
    expected: Array,
    group: NDArray[np.int32],
) -> NDArray[np.bool_]:
    share = power / baseline.peak_watts
    peers = group_median(share, group=group)
    judged = np.where(np.isnan(peers), share, peers)
    enough = judged >= SUN_SHARE
    # A panel without siblings to tell what to expect is learned from when it produces.
    own = np.where(np.isnan(expected) & lonely(group), power, expected)
    cold = np.isnan(baseline.peak_watts) & (own >= _COLD_WATTS)
    bright = observed.irradiance_w_m2[..., np.newaxis] >= SUN_SHARE * _FULL_SUN
    return np.asarray(enough | cold | (bright & np.isnan(peers)))


def _residual(
    observed: Observed, *, current: Array, baseline: Baseline, group: NDArray[np.int32]
) -> Array:
    """Return the voltage residual; what the siblings share (clipping, curtailment) is no fault."""
    usual = expected_volts(
        baseline.curve, celsius=observed.celsius, amperes=current, scale=baseline.scale
    )
    flowing = current >= _CURRENT_SHARE * baseline.scale[1]
    own = np.where(flowing, _relative(observed.volts, usual=usual), np.nan)
    common = group_median(own, group=group)
    apart = own - common
    same = np.sign(apart) == np.sign(own)
    smaller = np.where(same, np.where(np.abs(own) < np.abs(apart), own, apart), 0.0)
    return np.where(np.isnan(apart), own, smaller)


def _relative(value: Array, *, usual: Array) -> Array:
    return np.asarray(value / np.where(usual > 0, usual, np.nan) - 1.0)
