"""The weather of a site, second by second: what all of its panels share."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.clouds import Clouds, DayType
from models.simulator.site import Site
from models.simulator.sky import clear_sky
from models.simulator.temperature import ambient, warming, wind

Array = NDArray[np.float64]

_KEPT_DAYS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One solar day; arrays hold one element a second, from `PAD_S` before it to after it."""

    first_s: int
    """The time of the first element, seconds since 1970."""
    plane_w_m2: Array
    """Irradiance on the plane of the modules, as a sensor there sees it."""
    effective_w_m2: Array
    """What gets through the cover glass to the cells."""
    warming_c: Array
    """Cells against the air."""
    ambient_c: Array
    """The air."""
    wind_m_s: Array
    """The wind."""

    def at(self, series: Array, *, time_s: Array) -> Array:
        """Read one of the series between its seconds; ``time_s`` may have any shape."""
        place = time_s - self.first_s
        second = place.astype(np.intp)
        value = series[second]
        value += (series[second + 1] - value) * (place - second)
        return value


class Weather:
    """Days of weather, computed when asked for; the last few are kept."""

    def __init__(self, site: Site, *, sky: DayType | None = None) -> None:
        """Take the site; ``sky`` makes every day of one type."""
        self.site = site
        self.clouds = Clouds(site, always=sky)
        self._days: OrderedDict[int, Day] = OrderedDict()

    def day(self, number: int) -> Day:
        """Return a solar day."""
        if number not in self._days:
            self._days[number] = self._compute(number)
            if len(self._days) > _KEPT_DAYS:
                self._days.popitem(last=False)
        self._days.move_to_end(number)
        return self._days[number]

    def _compute(self, number: int) -> Day:
        clear = clear_sky(self.site, day=number)
        minute = clear.time_s
        second = np.arange(minute[0], minute[-1] + 1)
        beam_share, diffuse_share = self.clouds.transmittance(number)
        beam = np.interp(second, minute, clear.beam_w_m2) * beam_share
        diffuse = np.interp(second, minute, clear.diffuse_w_m2) * diffuse_share
        passing = np.interp(second, minute, clear.transmitted)
        breeze = wind(self.site, time_s=second)
        return Day(
            first_s=int(minute[0]),
            plane_w_m2=beam + diffuse,
            effective_w_m2=beam * passing + 0.95 * diffuse,
            warming_c=warming(beam + diffuse, wind_m_s=breeze),
            ambient_c=ambient(self.site, clouds=self.clouds, day=number, time_s=second),
            wind_m_s=breeze,
        )


def pieces(site: Site, *, time_s: Array) -> list[tuple[int, slice]]:
    """Split increasing times by solar day."""
    if not len(time_s):
        return []
    first, last = site.day_of(float(time_s[0])), site.day_of(float(time_s[-1]))
    starts = [site.midnight_s(day) for day in range(first, last + 2)]
    edges = np.searchsorted(time_s, starts, side="left").tolist()
    edges[0], edges[-1] = 0, len(time_s)
    return [
        (day, slice(low, high))
        for day, low, high in zip(range(first, last + 1), edges, edges[1:], strict=False)
        if high > low
    ]
