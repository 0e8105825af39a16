import numpy as np
import pandas as pd
import pytest
from pvlib.solarposition import get_solarposition

from shared.sun import sun_position


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(47.4, 8.5), (-33.0, 151.0), (65.0, -150.0), (1.0, 30.0)]
)
def test_the_sun_stands_where_pvlib_says_to_a_fiftieth_of_a_degree(latitude, longitude):
    times = pd.date_range("2025-01-01", "2027-01-01", freq="743min", tz="UTC")
    truth = get_solarposition(times, latitude, longitude)
    time_us = np.array([time.value // 1000 for time in times], np.int64)
    elevation, azimuth = sun_position(time_us, latitude=latitude, longitude=longitude)
    apart = (azimuth - truth["azimuth"].to_numpy() + 180) % 360 - 180
    assert np.abs(elevation - truth["elevation"].to_numpy()).max() < 0.02
    assert np.abs(apart * np.cos(np.radians(elevation))).max() < 0.02
