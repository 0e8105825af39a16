import msgspec
import numpy as np
import pytest

from shared.limits import DEFAULT_LIMITS, Limits, Ranges, impossible, power_mismatch, suspicious
from shared.quality import Quality
from shared.readings import Readings, to_thousandths

NAN = float("nan")
FINE = (25.0, 40.0, 8.0, 320.0)


def readings(*rows, panels=("A",)):
    values = np.array(rows, np.float64).reshape(-1, 4)
    count = len(values)
    return Readings(
        panels,
        (np.arange(count) % max(len(panels), 1)).astype(np.int32),
        np.arange(count, dtype=np.int64),
        *(to_thousandths(column) for column in values.T),
        quality=np.zeros(count, np.int16),
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((121.0, 40.0, 8.0, 320.0), "temperature_celsius is 121, possible is -50 to 120"),
        ((-50.1, 40.0, 8.0, 320.0), "temperature_celsius is -50.1, possible is -50 to 120"),
        ((25.0, 151.0, 8.0, 320.0), "voltage_volts is 151, possible is -1 to 150"),
        ((25.0, 40.0, 30.5, 320.0), "current_amperes is 30.5, possible is -0.5 to 30"),
        ((25.0, 40.0, 8.0, 1200.1), "power_output_watts is 1200.1, possible is -10 to 1200"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_impossible_value_is_named_with_what_is_possible(row, reason):
    found = impossible(readings(FINE, row, FINE), limits=[DEFAULT_LIMITS])
    assert found == {1: reason}


def test_the_first_impossible_value_of_a_reading_is_its_reason():
    found = impossible(readings((500.0, 500.0, 500.0, 5000.0)), limits=[DEFAULT_LIMITS])
    assert found[0].startswith("temperature_celsius")


def test_limits_are_inclusive():
    edges = readings((-50.0, -1.0, -0.5, -10.0), (120.0, 150.0, 30.0, 1200.0))
    assert impossible(edges, limits=[DEFAULT_LIMITS]) == {}


def test_missing_values_are_neither_impossible_nor_suspicious():
    missing = readings((NAN, NAN, NAN, NAN))
    assert impossible(missing, limits=[DEFAULT_LIMITS]) == {}
    assert suspicious(missing, limits=[DEFAULT_LIMITS]).tolist() == [0]


def test_each_panel_has_its_own_limits():
    tall = Limits(
        possible=Ranges((-50, 120), (-1, 300), (-0.5, 30), (-10, 1200)),
        nominal=Ranges((-20, 80), (0, 200), (0, 15), (0, 1000)),
    )
    both = readings((25, 170, 2, 340), (25, 170, 2, 340), panels=("thin-film", "other"))
    assert list(impossible(both, limits=[tall, DEFAULT_LIMITS])) == [1]
    assert suspicious(both, limits=[tall, DEFAULT_LIMITS]).tolist() == [0, Quality.VOLTAGE]


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        (FINE, Quality(0)),
        ((80.1, 40, 8, 320), Quality.TEMPERATURE),
        ((25, 61, 5, 305), Quality.VOLTAGE),
        ((25, 40, 16, 640), Quality.CURRENT),
        ((25, 0, 0, -0.001), Quality.POWER),
        ((25, 40, 8, 280), Quality.POWER_MISMATCH),
        (
            (-21, -0.5, -0.1, 50),
            Quality.TEMPERATURE | Quality.VOLTAGE | Quality.CURRENT | Quality.POWER_MISMATCH,
        ),
    ],
)
def test_each_suspicion_has_its_flag(row, flags):
    found = suspicious(readings(row), limits=[DEFAULT_LIMITS])
    assert found.dtype == np.int16
    assert Quality(int(found[0])) == flags


@pytest.mark.parametrize(
    ("row", "mismatch"),
    [
        ((25, 40, 8, 289), False),
        ((25, 40, 8, 287), True),
        ((25, 40, 8, 355), False),
        ((25, 40, 8, 357), True),
        ((25, 1, 1, 6), False),
        ((25, 1, 1, 6.1), True),
        ((25, 60, 30, 0), True),
        ((25, NAN, 8, 100), False),
        ((NAN, 40, 8, 100), True),
    ],
)
def test_power_mismatches_only_by_over_5_watts_and_over_10_percent(row, mismatch):
    assert power_mismatch(readings(row)).tolist() == [mismatch]


def test_no_readings_have_no_faults():
    none = readings(panels=())
    assert impossible(none, limits=[]) == {}
    assert suspicious(none, limits=[]).tolist() == []


def test_a_limit_may_be_infinite():
    ranges = Ranges((-np.inf, np.inf), (-np.inf, np.inf), (-np.inf, np.inf), (-np.inf, np.inf))
    open_ = Limits(possible=ranges, nominal=ranges)
    assert impossible(readings((2e6, -2e6, 2e6, -2e6)), limits=[open_]) == {}


@pytest.mark.parametrize("wrong", [[80.0, -20.0], [NAN, 80.0]], ids=str)
def test_a_range_the_wrong_way_round_is_refused_by_name(wrong):
    ranges = msgspec.to_builtins(DEFAULT_LIMITS.nominal) | {"temperature_celsius": wrong}
    with pytest.raises(msgspec.ValidationError, match=r"temperature_celsius.*nominal"):
        msgspec.convert({"nominal": ranges}, Limits)
