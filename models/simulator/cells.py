"""The single-diode equations of one module on a grid, solved by pvlib.

A module is three substrings of 24 cells; each has a bypass diode. The current that gives the
most power with one substring in less light is found by golden-section search, because either all
three substrings carry it (one maximum) or the diode carries it past the dim one (the other).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pvlib import pvsystem

Array = NDArray[np.float64]
Power = tuple[Array, Array]
"""Volts and amperes."""

SUBSTRINGS: Final = 3
_COLUMNS: Final = ("alpha_sc", "a_ref", "I_L_ref", "I_o_ref", "R_sh_ref", "R_s", "Adjust")
_DARK: Final = 0.05
_GOLDEN: Final = (np.sqrt(5.0) - 1) / 2
_ROUNDS: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Single-diode parameters of the whole module, one for each point of a grid."""

    light_amperes: Array
    saturation_amperes: Array
    series_ohms: Array
    shunt_ohms: Array
    thermal_volts: Array

    @classmethod
    def of(cls, cec: Mapping[str, float], *, irradiance: Array, celsius: Array) -> Self:
        """Compute them from a row of the CEC library.

        Args:
            cec: The row.
            irradiance: W/m2; the equations have no solution in the dark, so it gets some light.
            celsius: Cell temperature, of the same shape.
        """
        reference = [float(cec[name]) for name in _COLUMNS]
        light = np.maximum(irradiance, _DARK)
        parameters = pvsystem.calcparams_cec(light, celsius, *reference)
        return cls(*(np.broadcast_to(np.asarray(p), light.shape) for p in parameters))

    def with_pid(self) -> Self:
        """Return the cells after potential-induced degradation: leaking junctions and edges."""
        return replace(
            self,
            saturation_amperes=self.saturation_amperes * 30.0,
            shunt_ohms=self.shunt_ohms * 0.08,
        )

    def dimmed(self, loss: float) -> Self:
        """Return the cells with a share of their light lost."""
        share = max(1.0 - loss, 1e-4)
        return replace(
            self, light_amperes=self.light_amperes * share, shunt_ohms=self.shunt_ohms / share
        )

    def best(self) -> Power:
        """Return the maximum power point with all substrings alike."""
        point = pvsystem.max_power_point(*self.parameters(), method="newton")
        return np.asarray(point["v_mp"]), np.asarray(point["i_mp"])

    def best_without_one(self, *, drop_volts: float) -> Power:
        """Return the best point with one substring bypassed.

        Args:
            drop_volts: What the current past it costs: the diode's forward voltage, 0 when it
                has failed short.
        """
        rest = (SUBSTRINGS - 1) / SUBSTRINGS
        return _golden(lambda i: rest * self.volts(i) - drop_volts, high=self.light_amperes)

    def best_with_dim_one(self, loss: float) -> Power:
        """Return the best point at which the dim substring still carries all the current."""
        dim = self.dimmed(loss)
        rest = (SUBSTRINGS - 1) / SUBSTRINGS
        return _golden(
            lambda i: rest * self.volts(i) + dim.volts(i) / SUBSTRINGS, high=dim.light_amperes
        )

    def volts(self, amperes: Array) -> Array:
        """Return the module's voltage at a current."""
        return np.asarray(pvsystem.v_from_i(amperes, *self.parameters(), method="lambertw"))

    def amperes(self, volts: Array) -> Array:
        """Return the module's current at a voltage."""
        return np.asarray(pvsystem.i_from_v(volts, *self.parameters(), method="lambertw"))

    def parameters(self) -> tuple[Array, ...]:
        """Return them in pvlib's order."""
        return (
            self.light_amperes,
            self.saturation_amperes,
            self.series_ohms,
            self.shunt_ohms,
            self.thermal_volts,
        )


def _golden(volts: Callable[[Array], Array], *, high: Array) -> Power:
    """Find the current between 0 and ``high`` at which current times ``volts(current)`` peaks."""
    low, top = np.zeros_like(high), high
    left, right = top - _GOLDEN * top, _GOLDEN * top
    at_left, at_right = left * volts(left), right * volts(right)
    for _ in range(_ROUNDS):
        better_left = at_left > at_right
        low, top = np.where(better_left, low, left), np.where(better_left, right, top)
        fresh = np.where(better_left, top - _GOLDEN * (top - low), low + _GOLDEN * (top - low))
        at_fresh = fresh * volts(fresh)
        left, right = np.where(better_left, fresh, right), np.where(better_left, left, fresh)
        at_left, at_right = (
            np.where(better_left, at_fresh, at_right),
            np.where(better_left, at_left, at_fresh),
        )
    best = (low + top) / 2
    return np.maximum(volts(best), 0.0), best
