"""The meter: powers add up, the battery is one, and any window gives the same values."""

from datetime import timedelta

import numpy as np
import pytest

from models.simulator.simulation import Simulation
from models.simulator.site import Site


@pytest.fixture(scope="module")
def day(module, noon):
    simulation = Simulation(Site(), module=module)
    midnight = (noon - timedelta(hours=12)).timestamp()
    times = midnight + np.arange(0, 2 * 86_400, 60, dtype=np.float64)
    return simulation, simulation.meter.series(times)


def test_the_grid_balances_load_panels_and_battery(day):
    simulation, series = day
    panels = simulation.true_watts(series.time_s).sum(axis=0)
    balance = series.load_watts - panels + series.battery_watts
    assert series.grid_watts == pytest.approx(balance)


def test_the_battery_stays_within_its_capacity_and_power(day):
    _, series = day
    assert 0 <= series.battery_soc.min() < 0.35
    assert 0.9 < series.battery_soc.max() <= 1
    assert np.abs(series.battery_watts).max() <= 2500


def test_the_state_of_charge_follows_the_power_without_jumps(day):
    _, series = day
    watts = series.battery_watts[:-1]
    flow = np.where(watts > 0, watts * 0.95, watts / 0.95) / 60 / 5000
    assert np.abs(np.diff(series.battery_soc) - flow).max() < 1e-3


def test_surplus_charges_and_the_evening_discharges(day):
    _, series = day
    hour = (series.time_s / 3600 + 8.5 / 15) % 24
    morning, evening = (hour > 7) & (hour < 10), (hour > 18) & (hour < 21)
    assert series.battery_watts[morning].mean() > 100
    assert series.battery_watts[evening].mean() < -50


def test_a_household_uses_what_a_household_uses(day):
    _, series = day
    assert 5 < series.load_watts.sum() / 60 / 1000 / 2 < 20
    assert series.load_watts.min() >= 100


def test_any_window_gives_the_same_values(day, module):
    _, series = day
    part = Simulation(Site(), module=module).meter.series(series.time_s[1000:1005])
    assert part.grid_watts.tolist() == series.grid_watts[1000:1005].tolist()
    assert part.battery_soc.tolist() == series.battery_soc[1000:1005].tolist()
