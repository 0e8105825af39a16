"""Signatures to names, one by one."""

import numpy as np
import pytest

from edge_agent.detect.faults.kinds import KINDS, NOTHING, UNNAMED
from edge_agent.detect.faults.naming import Hits, names

NAN = float("nan")


def named(*, frozen=False, hits=(), **deviations):
    kinds = ("low_volts", "low_watts", "low_amperes", "hot", "converts", "fine")
    mask = {kind: np.array([kind in hits]) for kind in kinds}
    order = ("volts", "amperes", "watts", "celsius", "conversion", "volts_peer")
    recent = np.array([[deviations.get(name, 0.0)] for name in order])
    (number,) = names(Hits(**mask), recent=recent, frozen_volts=np.array([frozen]))
    return number if number < 0 else KINDS[number].alert_type


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("bypass_diode", {"volts": -0.333, "watts": -0.333}),
        ("shading", {"volts": -0.349, "watts": -0.349}),
        ("connector_resistance", {"volts": -0.12, "watts": -0.12}),
        ("off_maximum_power", {"volts": -0.17, "amperes": 0.06, "watts": -0.05}),
        ("potential_induced_degradation", {"volts": -0.18, "amperes": -0.11, "watts": -0.27}),
        ("low_voltage", {"volts": -0.118, "amperes": NAN, "watts": NAN}),
    ],
)
def test_missing_voltage(name, seen):
    assert named(hits=("low_volts",), **seen) == name


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("light_loss", {"amperes": -0.13, "watts": -0.13}),
        ("shading", {"volts": 0.05, "amperes": -0.27, "watts": -0.24}),
        ("hot_spot", {"volts": 0.05, "amperes": -0.22, "watts": -0.2, "celsius": 7.0}),
        ("underperformance", {"volts": NAN, "amperes": NAN, "volts_peer": NAN, "watts": -0.3}),
    ],
)
def test_missing_power(name, seen):
    assert named(hits=("low_watts",), **seen) == name


def test_heat_that_costs_nothing_is_the_sensor():
    assert named(hits=("hot",), celsius=10.0, volts=0.05) == "temperature_sensor"
    assert named(hits=("hot",), celsius=8.0, watts=-0.2) == "hot_spot"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("current_sensor", {"amperes": -0.12, "conversion": 0.136}),
        ("voltage_sensor", {"volts": 0.1, "conversion": -0.09}),
        ("power_sensor", {"watts": -0.1, "conversion": -0.1}),
    ],
)
def test_what_does_not_match_is_the_sensor_that_deviates(name, seen):
    assert named(hits=("converts",), **seen) == name


def test_a_voltage_that_stands_still_is_the_sensor():
    assert named(frozen=True) == "voltage_sensor"


def test_no_power_at_all_is_told_by_another_rule():
    assert named(hits=("low_watts",), watts=-1.0, amperes=-1.0) == UNNAMED


def test_nothing_unusual_has_no_name():
    assert named() == NOTHING
