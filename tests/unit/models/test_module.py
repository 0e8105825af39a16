"""The module's electricity against the figures measured before, and against the equations."""

import numpy as np
import pytest
from pvlib import pvsystem

from models.simulator.cells import Cells
from models.simulator.module import BYPASS_VOLTS, NAME

LIGHT, WARM = np.array([800.0]), np.array([45.0])


def point(power):
    volts, amperes = power
    return volts[0], amperes[0], volts[0] * amperes[0]


def cells_at(irradiance, celsius):
    cec = pvsystem.retrieve_sam("CECMod")[NAME]
    return Cells.of(cec, irradiance=np.asarray(irradiance), celsius=np.asarray(celsius))


def test_it_gives_its_rated_power_at_standard_conditions(module):
    power = module.healthy(np.array([1000.0]), celsius=np.array([25.0]))
    assert point(power) == pytest.approx((37.2, 8.88, 330.3), rel=0.003)


@pytest.mark.parametrize(
    ("ask", "volts", "amperes", "watts"),
    [
        (lambda m: m.healthy(LIGHT, celsius=WARM), 34.4, 7.09, 244),
        (lambda m: m.shaded(LIGHT, celsius=WARM, loss=np.array([0.1])), 34.9, 6.61, 230.5),
        (lambda m: m.shaded(LIGHT, celsius=WARM, loss=np.array([0.6])), 22.4, 7.09, 159),
        (lambda m: m.shaded(LIGHT, celsius=WARM, loss=np.array([0.95])), 22.4, 7.09, 159),
        (lambda m: m.shorted(LIGHT, celsius=WARM), 22.9, 7.09, 162),
        (lambda m: m.degraded(LIGHT, celsius=WARM), 28.0, 6.3, 176.5),
    ],
    ids=["healthy", "10 % shade", "60 % shade", "95 % shade", "bypass short", "PID"],
)
def test_at_800_watts_and_45_degrees_it_gives(module, ask, volts, amperes, watts):
    found = point(ask(module))
    assert found[0] == pytest.approx(volts, abs=0.15)
    assert found[1] == pytest.approx(amperes, abs=0.03)
    assert found[2] == pytest.approx(watts, abs=1.0)


def test_open_circuit_voltage_is_about_1_22_times_that_of_maximum_power(module):
    volts, _ = module.healthy(LIGHT, celsius=WARM)
    assert module.open_volts(LIGHT, celsius=WARM) / volts == pytest.approx(1.22, abs=0.02)


def test_the_tables_differ_from_the_equations_by_less_than_a_tenth_of_a_watt(module):
    rng = np.random.default_rng(7)
    light, celsius = rng.uniform(1, 1300, 400), rng.uniform(-20, 80, 400)
    exact = cells_at(light, celsius).best()
    volts, amperes = module.healthy(light, celsius=celsius)
    assert np.abs(volts * amperes - exact[0] * exact[1]).max() < 0.1
    bright = light > 100
    assert np.abs(volts - exact[0])[bright].max() < 0.06


def test_shade_finds_the_global_maximum_of_the_three_substrings_curve(module):
    rng = np.random.default_rng(8)
    for light, celsius, loss in zip(
        rng.uniform(200, 1100, 6), rng.uniform(0, 70, 6), rng.uniform(0, 0.9, 6), strict=True
    ):
        cells = cells_at([light], [celsius])
        amperes = np.linspace(0.0, cells.light_amperes[0] * 0.999, 1001)
        dim = np.maximum(
            np.nan_to_num(cells.dimmed(loss).volts(amperes) / 3, nan=-9), -BYPASS_VOLTS
        )
        best = (amperes * (cells.volts(amperes) * 2 / 3 + dim)).max()
        volts, current = module.shaded(
            np.array([light]), celsius=np.array([celsius]), loss=np.array([loss])
        )
        assert volts[0] * current[0] == pytest.approx(best, rel=0.01)


def test_current_at_a_voltage_is_that_of_the_equations(module):
    rng = np.random.default_rng(9)
    light, celsius = rng.uniform(50, 1200, 200), rng.uniform(-10, 70, 200)
    cells = cells_at(light, celsius)
    volts = module.open_volts(light, celsius=celsius) * rng.uniform(0.1, 0.98, 200)
    exact = cells.amperes(volts)
    assert np.abs(module.amperes_at(volts, irradiance=light, celsius=celsius) - exact).max() < 0.06


def test_clipping_gives_the_limit_at_a_higher_voltage(module):
    volts, amperes = module.clipped(LIGHT, celsius=WARM, watts=200.0)
    assert volts[0] * amperes[0] == pytest.approx(200.0, abs=0.5)
    assert module.healthy(LIGHT, celsius=WARM)[0][0] < volts[0] < 42.2


def test_in_the_dark_there_is_nothing(module):
    dark = np.zeros(1)
    assert point(module.healthy(dark, celsius=WARM)) == (0, 0, 0)
    assert point(module.shaded(dark, celsius=WARM, loss=np.array([0.5]))) == (0, 0, 0)
    assert module.open_volts(dark, celsius=WARM) == 0
