"""From deviations to the name of a fault: the signatures of a table, for all panels at once.

A module's voltage and current tell what is wrong with it: a bypassed third costs a third of the
voltage and no current, dirt costs current and no voltage, a bad connector costs voltage that grows
with the current. What decides here could as well be a trained model's classes.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import NOTHING, NUMBER, UNNAMED
from shared.baselines import FEATURES
from shared.horizons import Judged

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIGMAS: Final = (4.5, 4.3, 4.0)
"""How many of its own standard deviations something must deviate, by horizon."""

_VOLTS, _AMPERES, _WATTS, _CELSIUS, _CONVERSION, _PEER = range(len(FEATURES))
_THIRD: Final = (-0.375, -0.30)
_DIODE: Final = 0.6595
_NO_POWER: Final = -0.9
_HOT: Final = 5.5
_WARM: Final = 3.0
_WELL: Final = -0.035
_STEADY: Final = 0.05
_MORE_CURRENT: Final = 0.012
_LESS_CURRENT: Final = -0.03
_MUCH_LESS_CURRENT: Final = -0.08
_MORE_VOLTS: Final = 0.018


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What is told by its deviation alone, before it has a name; arrays of shape ``(panels,)``."""

    low_volts: Mask
    low_watts: Mask
    low_amperes: Mask
    hot: Mask
    converts: Mask
    """Watts do not match volts times amperes as they used to."""
    fine: Mask
    """Nothing deviates any more."""

    @classmethod
    def of(cls, judged: Judged, *, recent: Array, sigma: Array, tolerance: Array) -> Self:
        """Compare the deviations of each horizon with what is usual for the panel.

        Each counts only while the last minutes lean the same way: what is over is over.
        """
        limit = np.array(SIGMAS)[:, np.newaxis, np.newaxis]
        far: Mask = np.asarray(judged.agreed & (np.abs(judged.z) > limit * sigma))
        far &= np.abs(judged.mean) > tolerance
        lately = np.nan_to_num(recent)
        far &= np.sign(lately) == np.sign(np.nan_to_num(judged.mean))
        far &= np.abs(lately) > 0.5 * tolerance
        shorter = np.nan_to_num(judged.mean[:-1])
        far[1:] &= np.abs(shorter) > 0.5 * tolerance[1:]
        low: Mask = np.asarray((far & (judged.mean < 0)).any(axis=0))
        high: Mask = np.asarray((far & (judged.mean > 0)).any(axis=0))
        small = np.abs(np.nan_to_num(judged.mean[0])) < 0.5 * tolerance[1]
        known = ~np.isnan(judged.mean[0, [_VOLTS, _WATTS]]).all(axis=0)
        return cls(
            low_volts=low[_VOLTS],
            low_watts=low[_WATTS],
            low_amperes=low[_AMPERES],
            hot=high[_CELSIUS],
            converts=low[_CONVERSION] | high[_CONVERSION],
            fine=known & small[:_PEER].all(axis=0) & ~(low | high)[:_PEER].any(axis=0),
        )

    @property
    def any(self) -> Mask:
        """Return where anything is told."""
        return self.low_volts | self.low_watts | self.low_amperes | self.hot | self.converts


def names(hits: Hits, *, recent: Array, frozen_volts: Mask) -> NDArray[np.int8]:
    """Return each panel's kind of fault, shape ``(panels,)``; `NOTHING` or `UNNAMED` without.

    Args:
        hits: What deviates.
        recent: The deviations of the last minutes, ``(features, panels)``.
        frozen_volts: The voltage alone has stood still for long.
    """
    volts = np.where(np.isnan(recent[_VOLTS]), recent[_PEER], recent[_VOLTS])
    amperes, watts = recent[_AMPERES], recent[_WATTS]
    named = np.select(
        [
            watts < _NO_POWER,
            frozen_volts,
            hits.converts,
            hits.hot,
            hits.low_volts,
            hits.low_watts | hits.low_amperes,
        ],
        [
            np.full(len(volts), UNNAMED),
            np.full(len(volts), NUMBER["voltage_sensor"]),
            _sensor(volts, amperes=amperes, watts=watts, conversion=recent[_CONVERSION]),
            _hot(volts, watts=watts),
            _electric(volts, amperes=amperes),
            _dim(volts, amperes=amperes, celsius=recent[_CELSIUS]),
        ],
        default=NOTHING,
    )
    return named.astype(np.int8)


def _sensor(volts: Array, *, amperes: Array, watts: Array, conversion: Array) -> NDArray[np.intp]:
    """Watts are not volts times amperes: which of the three differs from what it should be?"""
    size = np.abs(conversion)
    current = np.abs(amperes - np.nan_to_num(watts)) > 0.6 * size
    current &= np.abs(amperes) > np.abs(np.nan_to_num(watts))
    voltage = (np.abs(volts) > 0.6 * size) & (np.abs(np.nan_to_num(watts)) < 0.5 * size)
    return np.select(
        [current, voltage],
        [NUMBER["current_sensor"], NUMBER["voltage_sensor"]],
        default=NUMBER["power_sensor"],
    )


def _hot(volts: Array, *, watts: Array) -> NDArray[np.intp]:
    """Warmer than its siblings: the module, if it costs power; else the sensor."""
    costs = np.where(np.isnan(watts), volts < _WELL, watts < _WELL)
    return np.where(costs, NUMBER["hot_spot"], NUMBER["temperature_sensor"])


def _electric(volts: Array, *, amperes: Array) -> NDArray[np.intp]:
    """Voltage is missing: a third of it, or at more, equal or less current."""
    third = (volts > _THIRD[0]) & (volts < _THIRD[1]) & (np.abs(amperes) < _STEADY)
    return np.select(
        [
            third & (1.0 + volts > _DIODE),
            third,
            np.isnan(amperes),
            amperes > _MORE_CURRENT,
            amperes < _LESS_CURRENT,
        ],
        [
            NUMBER["bypass_diode"],
            NUMBER["shading"],
            NUMBER["low_voltage"],
            NUMBER["off_maximum_power"],
            NUMBER["potential_induced_degradation"],
        ],
        default=NUMBER["connector_resistance"],
    )


def _dim(volts: Array, *, amperes: Array, celsius: Array) -> NDArray[np.intp]:
    """Power or current is missing, voltage is not: less light, on all cells or on some."""
    partial = (volts > _MORE_VOLTS) & (amperes < _MUCH_LESS_CURRENT)
    return np.select(
        [partial & (celsius > _WARM), partial, np.isnan(volts) | np.isnan(amperes)],
        [NUMBER["hot_spot"], NUMBER["shading"], NUMBER["underperformance"]],
        default=NUMBER["light_loss"],
    )
