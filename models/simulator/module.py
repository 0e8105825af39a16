"""One module's electricity, by look-up: Canadian Solar CS6U-330P, or another of the CEC library.

The tables are made from pvlib's single-diode solution when a `Module` is built, in about a second;
`tests/unit/models/test_module.py` compares them with the equations.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pvlib import pvsystem

from models.simulator.cells import Cells
from models.simulator.lookup import CELSIUS, LIGHT, Spot

Array = NDArray[np.float64]
Power = tuple[Array, Array]
"""Volts and amperes."""

NAME: Final = "Canadian_Solar_Inc__CS6U_330P"
RATED_WATTS: Final = 330.0
BYPASS_VOLTS: Final = 0.5

_LOSSES: Final = np.linspace(0.0, 1.0, 17)
_SHARES: Final = np.linspace(0.0, 1.0, 81)


class Module:
    """The look-up tables of one module type.

    Everywhere ``irradiance`` is what the cells turn into current, in W/m2, and ``celsius`` is the
    cell temperature, of the same shape; results are volts and amperes, of that shape too.

    Args:
        name: A module of crystalline silicon in the CEC library.
    """

    def __init__(self, name: str = NAME) -> None:
        irradiance, celsius = np.meshgrid(LIGHT**2, CELSIUS, indexing="ij")
        cec = pvsystem.retrieve_sam("CECMod")[name]
        self.rated_volts = float(cec["V_mp_ref"])
        """At its maximum power point under standard conditions."""
        self.rated_watts = float(cec["V_mp_ref"] * cec["I_mp_ref"])
        """Its maximum power there."""
        cells = Cells.of(cec, irradiance=irradiance, celsius=celsius)
        self._healthy = _with_night(cells.best())
        self._pid = _with_night(cells.with_pid().best())
        self._shorted = _with_night(cells.best_without_one(drop_volts=0.0))
        self._bypassed = _with_night(cells.best_without_one(drop_volts=BYPASS_VOLTS))
        layers = [_with_night(cells.best_with_dim_one(float(loss))) for loss in _LOSSES]
        self._dim = tuple(np.stack(tables) for tables in zip(*layers, strict=True))
        (self._open,) = _with_night((cells.volts(np.zeros_like(irradiance)),))
        curve = [_with_night((cells.amperes(self._open * share),))[0] for share in _SHARES]
        self._curve = np.stack(curve)

    def healthy(self, irradiance: Array, *, celsius: Array) -> Power:
        """Return the maximum power point."""
        spot = Spot.of(irradiance, celsius=celsius)
        return spot.read(self._healthy[0]), spot.read(self._healthy[1])

    def shorted(self, irradiance: Array, *, celsius: Array) -> Power:
        """Return the maximum power point with one bypass diode failed short."""
        spot = Spot.of(irradiance, celsius=celsius)
        return spot.read(self._shorted[0]), spot.read(self._shorted[1])

    def degraded(self, irradiance: Array, *, celsius: Array) -> Power:
        """Return the maximum power point with potential-induced degradation."""
        spot = Spot.of(irradiance, celsius=celsius)
        return spot.read(self._pid[0]), spot.read(self._pid[1])

    def shaded(self, irradiance: Array, *, celsius: Array, loss: Array) -> Power:
        """Return the global maximum power point with one substring in shade.

        Args:
            irradiance: On the other two substrings.
            celsius: Of all cells.
            loss: Share of the light the third substring misses, 0 to 1.
        """
        spot = Spot.of(irradiance, celsius=celsius)
        volts, amperes = (spot.read_deep(table, share=loss) for table in self._dim)
        past_volts, past_amperes = (spot.read(table) for table in self._bypassed)
        past = past_volts * past_amperes > volts * amperes
        return np.where(past, past_volts, volts), np.where(past, past_amperes, amperes)

    def open_volts(self, irradiance: Array, *, celsius: Array) -> Array:
        """Return the open-circuit voltage."""
        return Spot.of(irradiance, celsius=celsius).read(self._open)

    def amperes_at(self, volts: Array, *, irradiance: Array, celsius: Array) -> Array:
        """Return the current at a voltage; 0 at and beyond the open-circuit voltage."""
        spot = Spot.of(irradiance, celsius=celsius)
        limit = spot.read(self._open)
        share = np.divide(volts, limit, out=np.ones_like(limit), where=limit > 0)
        return spot.read_deep(self._curve, share=share)

    def clipped(self, irradiance: Array, *, celsius: Array, watts: float) -> Power:
        """Return the point beyond the maximum power point at which only ``watts`` come out."""
        low, _ = self.healthy(irradiance, celsius=celsius)
        high = self.open_volts(irradiance, celsius=celsius)
        for _ in range(20):
            middle = (low + high) / 2
            over = middle * self.amperes_at(middle, irradiance=irradiance, celsius=celsius) > watts
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return high, self.amperes_at(high, irradiance=irradiance, celsius=celsius)


def _with_night(tables: tuple[Array, ...]) -> tuple[Array, ...]:
    """Put exactly nothing where there is no light, and no negative numbers anywhere."""
    clean = tuple(np.maximum(table, 0.0) for table in tables)
    for table in clean:
        table[0] = 0.0
    return clean
