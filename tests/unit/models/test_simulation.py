"""Random access: any window, in any pieces, in any order, by anyone, gives the same readings."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.simulator.clouds import DayType
from models.simulator.faults import KINDS, Fault
from models.simulator.simulation import Simulation, time_grid
from models.simulator.site import Site
from shared.readings import COLUMNS, concatenate

ALL_BUT_DELIVERY = [name for name in KINDS if KINDS[name].where != "delivery"]


def rows(readings):
    """Return readings as a set of comparable rows."""
    columns = [getattr(readings, name).tolist() for name in COLUMNS[1:]]
    ids = [readings.panel_ids[number] for number in readings.panel.tolist()]
    return sorted(zip(ids, *columns, strict=True))


def every_fault(noon):
    return [
        Fault(name, f"PANEL-{number % 10 + 1:03d}", noon + timedelta(minutes=number - 5))
        for number, name in enumerate(KINDS)
    ]


def test_a_window_in_pieces_is_the_window_as_a_whole(module, noon):
    faults = every_fault(noon)
    whole = Simulation(Site(), faults=faults, module=module).panels(noon, seconds=900)
    fresh = Simulation(Site(), faults=faults, module=module)
    starts = [300, 0, 301, 450, 899]
    lengths = [1, 300, 149, 449, 1]
    parts = [
        fresh.panels(noon + timedelta(seconds=start), seconds=length)
        for start, length in zip(starts, lengths, strict=True)
    ]
    assert rows(concatenate(parts)) == rows(whole)


def test_a_coarser_history_is_every_nth_reading_of_the_finer_truth(module, noon):
    simulation = Simulation(Site(), faults=every_fault(noon), module=module)
    fine = simulation.panels(noon, seconds=1800, interval=1)
    coarse = simulation.panels(noon, seconds=1800, interval=60)
    assert len(coarse) > 200
    assert set(rows(coarse)) <= set(rows(fine))


def test_a_window_may_cross_midnight(module):
    site = Site()
    day = site.day_of(datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp())
    midnight = datetime.fromtimestamp(site.midnight_s(day), UTC)
    before, after = midnight - timedelta(seconds=5), midnight + timedelta(seconds=5)
    simulation = Simulation(site, module=module)
    whole = simulation.panels(before, seconds=10)
    halves = [simulation.panels(before, seconds=5), simulation.panels(midnight, seconds=5)]
    assert after - before == timedelta(seconds=10)
    assert len(whole) == 100
    assert rows(concatenate(halves)) == rows(whole)


def test_a_panel_is_the_same_among_few_and_among_many(module, noon):
    few = Simulation(Site(panels=3), module=module).panels(noon, seconds=60)
    many = Simulation(Site(panels=40), module=module).panels(noon, seconds=60)
    assert set(rows(few)) <= set(rows(many))


def test_another_seed_site_or_panel_gives_other_values(module, noon):
    def power(site):
        readings = Simulation(site, module=module, sky=DayType.CLEAR).panels(noon, seconds=30)
        return readings.power_mw.tolist()

    worlds = [power(Site()), power(Site(seed=2)), power(Site(name="beta"))]
    assert worlds[0] != worlds[1] != worlds[2] != worlds[0]


def test_noise_and_spread_are_as_large_as_they_should_be(module, noon):
    simulation = Simulation(Site(panels=200), module=module, sky=DayType.CLEAR)
    readings = simulation.panels(noon, seconds=60)
    order = np.lexsort((readings.time_us, readings.panel))
    volts = readings.take(order).voltage_mv.reshape(200, 60) / 1000
    watts = readings.take(order).power_mw.reshape(200, 60) / 1000
    assert np.std(np.diff(volts, axis=1)) == pytest.approx(0.06 * 2**0.5, rel=0.15)
    spread = watts.mean(axis=1).std() / watts.mean()
    assert 0.008 < spread < 0.02


def test_values_have_the_resolution_of_the_sensors(module, noon):
    readings = Simulation(Site(), module=module).panels(noon, seconds=10)
    assert not (readings.temperature_mc % 100).any()
    assert not (readings.voltage_mv % 10).any()
    assert not (readings.power_mw % 100).any()
    assert (readings.current_ma % 10).any()


def test_power_is_voltage_times_current_and_nothing_at_night(module, noon):
    simulation = Simulation(Site(), module=module, sky=DayType.CLEAR)
    day = simulation.panels(noon, seconds=60)
    ratio = day.power_mw / (day.voltage_mv / 1000 * day.current_ma)
    assert np.abs(ratio - 1).max() < 0.03
    night = simulation.panels(noon + timedelta(hours=12), seconds=60)
    assert np.abs(night.power_mw).max() <= 2500
    assert np.abs(night.current_ma).max() <= 70


def test_a_panels_energy_of_a_clear_summers_day_is_plausible(module, noon):
    simulation = Simulation(Site(), module=module, sky=DayType.CLEAR)
    readings = simulation.panels(noon - timedelta(hours=12), seconds=86_400, interval=60)
    kwh = readings.power_mw.sum() / 1e6 / 60 / 10
    performance_ratio = kwh / 0.330 / 7.66
    assert 0.82 < performance_ratio < 0.97


def test_readings_come_in_order_of_sending_with_the_panels_own_phases(module, noon):
    blocks = list(Simulation(Site(), module=module).telemetry(noon, seconds=5))
    sent = np.concatenate([block.sent_us for block in blocks])
    assert (np.diff(sent) >= 0).all()
    stamps = concatenate([block.readings for block in blocks]).time_us
    assert (stamps == sent).all()
    assert not (stamps % 1000).any()
    assert len(set((stamps // 1000 % 1000).tolist())) > 8


def test_the_grid_is_anchored_and_half_open():
    at = datetime(2026, 6, 15, 12, 0, 0, 400_000, tzinfo=UTC)
    grid = time_grid(at, seconds=1.0, interval=0.2)
    assert (grid - at.timestamp()).round(3).tolist() == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert time_grid(at, seconds=0.5, interval=60).tolist() == []


def test_an_empty_window_is_an_empty_batch(module, noon):
    readings = Simulation(Site(), module=module).panels(
        noon + timedelta(seconds=1), seconds=1, interval=60
    )
    assert len(readings) == 0
    assert readings.panel_ids == Site().panel_ids


def test_weather_is_what_the_panels_stand_in(module, noon):
    simulation = Simulation(Site(), module=module, sky=DayType.BROKEN)
    weather = simulation.weather(noon - timedelta(hours=2), seconds=14_400, interval=10)
    power = simulation.true_watts(weather.time_s)[0]
    assert np.corrcoef(weather.irradiance_w_m2, power)[0, 1] > 0.95
    assert (weather.wind_m_s > 0).all()
    assert 0 < weather.ambient_celsius.mean() < 35
