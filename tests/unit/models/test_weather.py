"""The sky: sun, clouds, warmth, and a place where the sun shines now."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.simulator.clouds import Clouds, DayType
from models.simulator.panels import Panels
from models.simulator.site import Site, Traits
from models.simulator.temperature import LAG_S, warming
from models.simulator.weather import Weather, pieces

SITE = Site()
JUNE = SITE.day_of(datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp())
DECEMBER = SITE.day_of(datetime(2026, 12, 15, 12, tzinfo=UTC).timestamp())


def insolation_kwh(sky, day=JUNE):
    return Weather(SITE, sky=sky).day(day).plane_w_m2.sum() / 3.6e6


def test_a_clear_day_brings_the_energy_it_should():
    assert 6.5 < insolation_kwh(DayType.CLEAR) < 8.5
    assert 2.0 < insolation_kwh(DayType.CLEAR, DECEMBER) < 4.5


def test_broken_days_bring_less_and_overcast_days_little():
    clear, broken, overcast = (insolation_kwh(sky) for sky in DayType)
    assert 0.45 * clear < broken < 0.9 * clear
    assert 0.1 * clear < overcast < 0.4 * clear


def test_a_clear_sky_is_smooth_and_broken_clouds_have_edges_of_seconds():
    noon = slice(12 * 3600 - 5400, 12 * 3600 + 5400)
    steps = {
        sky: np.abs(np.diff(Weather(SITE, sky=sky).day(JUNE).plane_w_m2[noon])).max()
        for sky in DayType
    }
    assert steps[DayType.CLEAR] < 80
    assert 20 < steps[DayType.BROKEN] < 200


def test_clouds_brighten_their_edges_beyond_the_clear_sky():
    clear, broken = (Weather(SITE, sky=sky).day(JUNE) for sky in (DayType.CLEAR, DayType.BROKEN))
    assert broken.plane_w_m2.max() > clear.plane_w_m2.max()


def test_nights_are_dark():
    assert Weather(SITE).day(JUNE).plane_w_m2[:7200].max() == 0


def test_all_three_types_of_day_occur_and_rain_falls_only_from_overcast_skies():
    clouds = Clouds(SITE)
    days = range(JUNE, JUNE + 200)
    types = [clouds.day_type(day) for day in days]
    assert set(types) == set(DayType)
    rainy = [clouds.day_type(day) for day in days if clouds.rain_s(day) is not None]
    assert rainy
    assert set(rainy) == {DayType.OVERCAST}


def test_sites_and_seeds_have_different_weather():
    days = range(JUNE, JUNE + 40)
    worlds = [
        [Clouds(site).day_type(day) for day in days]
        for site in (Site(), Site(name="beta"), Site(seed=2))
    ]
    assert worlds[0] != worlds[1] != worlds[2] != worlds[0]


def test_cells_follow_the_sun_with_a_lag_of_seven_minutes():
    light = np.where(np.arange(7200) < 600, 0.0, 800.0)
    warm = warming(light, wind_m_s=np.full(7200, 2.0))
    final = 800 / (24 + 6.8 * 2)
    assert warm[599] == 0
    assert warm[600 + int(LAG_S)] == pytest.approx(final * (1 - np.exp(-1)), rel=0.01)
    assert warm[-1] == pytest.approx(final, rel=0.001)


def test_summer_is_warmer_than_winter_and_afternoons_than_nights():
    june, december = Weather(SITE).day(JUNE), Weather(SITE).day(DECEMBER)
    assert june.ambient_c.mean() > december.ambient_c.mean() + 8
    assert june.ambient_c[15 * 3600] > june.ambient_c[4 * 3600]


def test_a_cloud_crosses_the_panels_one_after_the_other(module):
    weather, traits = Weather(SITE, sky=DayType.BROKEN), Traits.of(SITE)
    panels = Panels(weather, traits=traits, module=module, labels=())
    start = SITE.midnight_s(JUNE) + 12 * 3600
    times = np.arange(start, start + 3600, dtype=np.float64)
    amperes = panels.state(JUNE, time_s=times).amperes
    first, last = amperes[0] - amperes[0].mean(), amperes[9] - amperes[9].mean()
    agreement = [np.dot(first[:-20], last[lag : len(last) - 20 + lag]) for lag in range(15)]
    assert np.argmax(agreement) == round(float((traits.delay_s[9] - traits.delay_s[0])[0]))
    assert traits.delay_s.max() <= 8


@pytest.mark.parametrize("hour", range(0, 24, 5))
@pytest.mark.parametrize("month", [5, 11])
def test_the_sun_is_up_where_the_site_moves_at_any_hour_of_any_season(hour, month):
    at = datetime(2026, month, 20, hour, 17, tzinfo=UTC)
    site = Site.in_sunshine(at)
    day = site.day_of(at.timestamp())
    weather = Weather(site, sky=DayType.CLEAR).day(day)
    moments = np.array([at.timestamp() + late for late in (0, 2 * 3600)])
    now, later = weather.at(weather.plane_w_m2, time_s=moments)
    assert now > 700
    assert later > 700


def test_times_are_split_at_the_sites_own_midnight():
    start = SITE.midnight_s(JUNE)
    times = np.arange(start - 10, start + 10, dtype=np.float64)
    assert pieces(SITE, time_s=times) == [(JUNE - 1, slice(0, 10)), (JUNE, slice(10, 20))]
    assert pieces(SITE, time_s=times[:0]) == []
    assert timedelta(seconds=start % 86400) == timedelta(hours=24) - timedelta(minutes=34)
