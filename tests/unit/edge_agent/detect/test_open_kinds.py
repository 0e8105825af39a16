"""When what ails a panel gets another name, and for how long the end of a fault is not judged."""

import numpy as np
import pytest

from edge_agent.detect.faults.kinds import NUMBER
from edge_agent.detect.faults.looks import Lingering, Muted
from edge_agent.detect.faults.open_kinds import OpenKinds
from edge_agent.detect.rules.judgement import HOLDS

MINUTE_US = 60_000_000
FIRST, THEN = NUMBER["connector_resistance"], NUMBER["bypass_diode"]
NO = np.zeros(1, np.bool_)


def renamed_after(*, age_minutes):
    """Minutes until a bypassed diode is told of a panel with an alert of a bad connector."""
    kinds = OpenKinds()
    kinds.ensure(1)
    kinds._open[FIRST, 0] = True
    named = np.array([FIRST], np.int8)
    for _ in range(age_minutes):
        kinds.verdicts(named, fine=NO, width_us=MINUTE_US, unclear=NO)
    named = np.array([THEN], np.int8)
    for minute in range(1, 40):
        verdict = kinds.verdicts(named, fine=NO, width_us=MINUTE_US, unclear=NO)
        if verdict[THEN, 0] == HOLDS:
            return minute
    return None


def test_a_name_from_the_first_minutes_gives_way_after_three():
    assert renamed_after(age_minutes=2) == 3


def test_a_connector_that_has_been_bad_for_long_takes_a_third_of_the_voltage_on_its_way():
    assert renamed_after(age_minutes=30) is None


@pytest.mark.parametrize(("width_minutes", "windows"), [(1, 2), (15, 1)])
def test_the_windows_after_an_instant_rule_has_ended_stay_muted(width_minutes, windows):
    lingering = Lingering()
    quiet = []
    for muted in [True, False, False, False, False]:
        now = Muted(np.array([muted]), np.array([False]))
        found = lingering.with_before(now, width_us=width_minutes * MINUTE_US)
        quiet.append(bool(found.everything[0]))
    assert quiet == [True] + [True] * windows + [False] * (4 - windows)


def test_panels_that_came_meanwhile_are_not_muted():
    lingering = Lingering()
    lingering.with_before(Muted(np.array([True]), np.array([True])), width_us=MINUTE_US)
    found = lingering.with_before(Muted(np.zeros(3, np.bool_), np.zeros(3, np.bool_)), width_us=1)
    assert found.everything.tolist() == [True, False, False]
    assert found.sensors.tolist() == [True, False, False]
