"""Temperature: of the air, by season, hour and weather; of the cells, by Faiman with a lag."""

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pvlib import temperature

from models.simulator.clouds import Clouds, DayType
from models.simulator.randomness import drift, key_of
from models.simulator.site import DAY_S, Site

Array = NDArray[np.float64]

LAG_S: Final = 420.0
_SWING_C: Final = {DayType.CLEAR: 6.5, DayType.BROKEN: 4.5, DayType.OVERCAST: 2.0}
_U0: Final = 24.0
_U1: Final = 6.8


def ambient(site: Site, *, clouds: Clouds, day: int, time_s: Array) -> Array:
    """Return the air's temperature in degrees Celsius within one solar day.

    Args:
        site: Where.
        clouds: Clear days are warmer by day and colder by night.
        day: The solar day.
        time_s: Seconds since 1970, increasing, shape ``(n,)``.
    """
    noons = [site.midnight_s(near) + DAY_S // 2 for near in (day - 1, day, day + 1)]
    swings = [_SWING_C[clouds.day_type(near)] for near in (day - 1, day, day + 1)]
    swing = np.interp(time_s, noons, swings)
    year = 2 * math.pi / (365.25 * DAY_S)
    warmest = (200 if site.latitude >= 0 else 17) * DAY_S
    mean = 27.0 - 0.36 * abs(site.latitude)
    season = 0.22 * abs(site.latitude) * np.cos(year * (time_s - warmest))
    hour = 2 * math.pi * ((time_s - site.midnight_s(day)) / DAY_S - 15 / 24)
    anomaly = 2.5 * drift(key_of(site.seed, site.name, "air"), time_s=time_s, period_s=1.5 * DAY_S)
    return np.asarray(mean + season + swing * np.cos(hour) + anomaly)


def wind(site: Site, *, time_s: Array) -> Array:
    """Return the wind in metres a second: seldom calm, gusty within minutes."""
    calm = drift(key_of(site.seed, site.name, "wind"), time_s=time_s, period_s=5400.0)
    gust = drift(key_of(site.seed, site.name, "gust"), time_s=time_s, period_s=150.0)
    return np.asarray(2.6 * np.exp(0.45 * calm + 0.18 * gust))


def warming(irradiance_w_m2: Array, *, wind_m_s: Array) -> Array:
    """Return how much warmer than the air cells are: Faiman's model, lagging seven minutes.

    Args:
        irradiance_w_m2: On the plane, one element a second.
        wind_m_s: Of the same shape.
    """
    steady = temperature.faiman(irradiance_w_m2, 0.0, wind_m_s, u0=_U0, u1=_U1)
    follow = 1.0 - math.exp(-1.0 / LAG_S)
    lagging: Array = pd.Series(steady).ewm(alpha=follow, adjust=False).mean().to_numpy()
    return lagging
