"""Whether the sun is up at sites."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.alerts import to_micros
from shared.sun import sun_position

Place = tuple[float | None, float | None]
"""Latitude and longitude in degrees; None where nobody said."""
HORIZON: Final = 0.0


def elevations(places: Sequence[Place], *, at: datetime) -> NDArray[np.float64]:
    """Return the sun's elevations in degrees, shape ``(n,)``; NaN where a place is not known."""
    latitude, longitude = (
        np.array([np.nan if one is None else one for one in column], np.float64)
        for column in (zip(*places, strict=True) if places else ((), ()))
    )
    found = np.full(len(places), np.nan)
    for number in np.flatnonzero(~np.isnan(latitude) & ~np.isnan(longitude)):
        elevation, _ = sun_position(
            np.array([to_micros(at)]),
            latitude=float(latitude[number]),
            longitude=float(longitude[number]),
        )
        found[number] = elevation[0]
    return found


def is_dark(elevation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell where the sun is down, shape ``(n,)``; a place that is not known is never dark."""
    return np.asarray(elevation < HORIZON)
