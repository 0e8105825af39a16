"""The site's meter: a household's load, a battery, and what the grid gives or takes.

Powers add up exactly: ``grid = load - photovoltaic + battery``.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.randomness import drift, generator, key_of
from models.simulator.site import DAY_S, Site
from models.simulator.weather import pieces

Array = NDArray[np.float64]

_STEP_S: Final = 60
_PANELS_PER_HOUSE: Final = 10
_CAPACITY_WH: Final = 5_000.0
_MAX_WATTS: Final = 2_500.0
_EFFICIENCY: Final = 0.95
_RESERVE: Final = 0.3
"""State of charge the battery returns to by the end of each solar day."""
_RETURN_S: Final = 2 * 3600
_KEPT_DAYS: Final = 6
_APPLIANCES: Final = ((2_000, 240, 5), (1_800, 1_500, 1), (900, 2_700, 1), (2_400, 1_200, 1))
"""Watts, seconds, times a day."""


@dataclass(frozen=True, slots=True, eq=False)
class MeterSeries:
    """What the meter says; arrays of shape ``(n,)``."""

    time_s: Array
    """Seconds since 1970."""
    load_watts: Array
    """The household's consumption."""
    grid_watts: Array
    """Positive when imported."""
    battery_watts: Array
    """Positive when charging."""
    battery_soc: Array
    """State of charge, 0 to 1."""


class Meter:
    """One house for every ten panels, each with a battery that keeps the sun for the evening."""

    def __init__(self, site: Site, *, power: Callable[[Array], Array]) -> None:
        """Take the site and the panels' true power.

        Args:
            site: Where.
            power: From increasing times to watts, shape ``(panels, times)``.
        """
        self._site = site
        self._power = power
        self._houses = site.panels / _PANELS_PER_HOUSE
        self._batteries: OrderedDict[int, tuple[Array, Array]] = OrderedDict()

    def series(self, time_s: Array) -> MeterSeries:
        """Return the meter's values at increasing times, seconds since 1970."""
        load, battery, charge = np.empty((3, len(time_s)))
        for day, part in pieces(self._site, time_s=time_s):
            watts, soc = self._battery(day)
            within = time_s[part] - self._site.midnight_s(day)
            step = np.minimum(within // _STEP_S, len(watts) - 1).astype(np.intp)
            load[part] = self._load(day, time_s=time_s[part])
            battery[part] = watts[step]
            charge[part] = np.interp(within, np.arange(len(soc)) * _STEP_S, soc)
        grid = load - self._power(time_s).sum(axis=0) + battery
        return MeterSeries(time_s, load, grid, battery, charge)

    def _load(self, day: int, *, time_s: Array) -> Array:
        site, second = self._site, time_s - self._site.midnight_s(day)
        draw = generator(site.seed, site.name, "load", day)
        fridge = 90.0 * (np.mod(time_s + draw.integers(3000), 3000) < 1100)  # noqa: PLR2004 - seconds
        morning, evening = draw.normal(7.3, 0.4), draw.normal(19.2, 0.6)
        hour = second / 3600
        people = 260 * np.exp(-(((hour - morning) / 0.9) ** 2))
        people += 480 * np.exp(-(((hour - evening) / 1.9) ** 2))
        wander = drift(key_of(site.seed, site.name, "load"), time_s=time_s, period_s=900.0)
        total = 150 + fridge + people * (1 + 0.15 * wander)
        for watts, seconds, times in _APPLIANCES:
            for start in draw.normal(0.55, 0.2, times).clip(0.25, 0.94) * DAY_S:
                total = total + watts * ((second >= start) & (second < start + seconds))
        return np.asarray(total * self._houses)

    def _battery(self, day: int) -> tuple[Array, Array]:
        """Return watts in each minute of a solar day, and the state of charge at its edges."""
        if day not in self._batteries:
            self._batteries[day] = self._plan(day)
            if len(self._batteries) > _KEPT_DAYS:
                self._batteries.popitem(last=False)
        return self._batteries[day]

    def _plan(self, day: int) -> tuple[Array, Array]:
        """Charge from surplus, discharge into load, return to the reserve at night.

        A day so depends on no other day.
        """
        site = self._site
        time_s = site.midnight_s(day) + np.arange(0, DAY_S, _STEP_S, dtype=np.float64)
        surplus = self._power(time_s).sum(axis=0) - self._load(day, time_s=time_s)
        soc = [_RESERVE]
        watts = []
        for step, spare in enumerate((surplus / self._houses).tolist()):
            left = (DAY_S - step * _STEP_S) / 3600
            wanted = spare
            if left * 3600 <= _RETURN_S:
                wanted = (_RESERVE - soc[-1]) * _CAPACITY_WH / left
            watts.append(_possible(wanted, soc=soc[-1]))
            soc.append(_charged(soc[-1], watts=watts[-1]))
        return np.array(watts) * self._houses, np.array(soc)


def _possible(wanted: float, *, soc: float) -> float:
    hours = _STEP_S / 3600
    room = (1.0 - soc) * _CAPACITY_WH / hours / _EFFICIENCY
    stored = soc * _CAPACITY_WH / hours * _EFFICIENCY
    return min(max(wanted, -stored, -_MAX_WATTS), room, _MAX_WATTS)


def _charged(soc: float, *, watts: float) -> float:
    flow = watts * _EFFICIENCY if watts > 0 else watts / _EFFICIENCY
    return min(max(soc + flow * _STEP_S / 3600 / _CAPACITY_WH, 0.0), 1.0)
