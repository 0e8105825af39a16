"""Where the sun stands: Michalsky's almanac formula.

J. J. Michalsky, "The Astronomical Almanac's algorithm for approximate solar position (1950-2050)",
Solar Energy 40 (3), 1988; good to 0.01 degrees, without refraction.
`tests/unit/shared/test_sun.py` compares it with pvlib.
"""

import numpy as np
from numpy.typing import NDArray

_J2000_US = 946_728_000_000_000
_DAY_US = 86_400_000_000


def sun_position(
    time_us: NDArray[np.int64], *, latitude: float, longitude: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sun's elevation and azimuth.

    Args:
        time_us: Microseconds since 1970-01-01 UTC, any shape.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.

    Returns:
        Elevation in degrees above the horizon, and azimuth in degrees clockwise from north, of the
        shape of ``time_us``.
    """
    days = (np.asarray(time_us) - _J2000_US) / _DAY_US
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    hours = 6.697375 + 0.0657098242 * days + (days + 0.5) % 1.0 * 24.0
    hour_angle = np.radians(hours * 15.0 + longitude) - ascension
    north, turn = np.radians(latitude), np.cos(hour_angle)
    elevation = np.arcsin(
        np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * turn
    )
    azimuth = np.arctan2(
        -np.sin(hour_angle) * np.cos(declination),
        np.cos(north) * np.sin(declination) - np.sin(north) * np.cos(declination) * turn,
    )
    return np.degrees(elevation), np.degrees(azimuth) % 360.0
