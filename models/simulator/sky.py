"""The clear sky of one solar day on the plane of the modules, from pvlib."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pvlib import iam, irradiance, location

from models.simulator.site import DAY_S, Site

Array = NDArray[np.float64]

PAD_S: Final = 120
"""Seconds a day's series reach beyond both of its ends."""
_STEP_S: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class ClearSky:
    """One solar day without clouds; arrays of shape ``(n,)`` at `time_s`, each minute."""

    time_s: Array
    """Seconds since 1970."""
    elevation_degrees: Array
    """Of the sun, without refraction."""
    beam_w_m2: Array
    """Direct irradiance on the plane."""
    diffuse_w_m2: Array
    """From the sky and the ground, on the plane."""
    transmitted: Array
    """Share of the beam that the cover glass lets through at its angle, 0 to 1."""


def clear_sky(site: Site, *, day: int) -> ClearSky:
    """Compute the clear sky of a solar day: Ineichen-Perez, transposed by Hay and Davies."""
    start = site.midnight_s(day)
    time_s = np.arange(start - PAD_S, start + DAY_S + PAD_S + 1, _STEP_S, dtype=np.float64)
    times = pd.DatetimeIndex(pd.to_datetime(time_s, unit="s", utc=True))
    place = location.Location(site.latitude, site.longitude, altitude=site.altitude_m)
    sun = place.get_solarposition(times)
    sky = place.get_clearsky(times, model="ineichen", solar_position=sun)
    plane = {"surface_tilt": site.tilt_degrees, "surface_azimuth": site.facing_degrees}
    direction = {"solar_zenith": sun["apparent_zenith"], "solar_azimuth": sun["azimuth"]}
    total = irradiance.get_total_irradiance(
        **plane,
        **direction,
        dni=sky["dni"],
        ghi=sky["ghi"],
        dhi=sky["dhi"],
        dni_extra=irradiance.get_extra_radiation(times),
        model="haydavies",
    )
    angle = irradiance.aoi(**plane, **direction)
    return ClearSky(
        time_s=time_s,
        elevation_degrees=_clean(sun["elevation"]),
        beam_w_m2=_clean(total["poa_direct"]),
        diffuse_w_m2=_clean(total["poa_diffuse"]),
        transmitted=_clean(iam.physical(angle)),
    )


def _clean(series: "pd.Series[float]") -> Array:
    return np.nan_to_num(np.asarray(series, np.float64))
