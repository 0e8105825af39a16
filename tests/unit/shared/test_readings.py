import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.readings import (
    COLUMNS,
    MISSING,
    Readings,
    concatenate,
    from_thousandths,
    to_thousandths,
)


def batch(*panels: str, start: int = 0) -> Readings:
    ids = tuple(dict.fromkeys(panels))
    count = len(panels)
    numbers = np.arange(start, start + count)
    return Readings(
        ids,
        np.array([ids.index(panel) for panel in panels], np.int32),
        numbers.astype(np.int64),
        *(numbers.astype(np.int32) + shift for shift in range(4)),
        quality=np.zeros(count, np.int16),
    )


def names(readings: Readings) -> list[str]:
    return [readings.panel_ids[at] for at in readings.panel]


def test_concatenating_counts_a_panel_of_several_batches_once():
    joint = concatenate([batch("B", "A", "B"), batch("C", "A", start=3)])
    assert joint.panel_ids == ("B", "A", "C")
    assert names(joint) == ["B", "A", "B", "C", "A"]
    assert joint.time_us.tolist() == [0, 1, 2, 3, 4]
    assert joint.power_mw.tolist() == [3, 4, 5, 6, 7]


@given(st.lists(st.lists(st.sampled_from("ABCDE"), max_size=6), min_size=1, max_size=5))
def test_concatenating_keeps_every_reading_in_order(panels):
    parts = [batch(*some, start=10 * at) for at, some in enumerate(panels)]
    joint = concatenate(parts)
    assert names(joint) == [panel for some in panels for panel in some]
    assert len(set(joint.panel_ids)) == len(joint.panel_ids)
    for name in COLUMNS[1:]:
        assert getattr(joint, name).tolist() == [
            value for part in parts for value in getattr(part, name).tolist()
        ]
        assert getattr(joint, name).dtype == getattr(parts[0], name).dtype


def test_a_batch_without_readings_can_be_concatenated():
    assert len(concatenate([batch(), batch("A"), batch()])) == 1


@pytest.mark.parametrize("rows", [np.array([True, False, True]), np.array([0, 2])], ids=str)
def test_taking_rows_keeps_all_columns_and_the_panels(rows):
    taken = batch("A", "B", "C").take(rows)
    assert names(taken) == ["A", "C"]
    assert taken.panel_ids == ("A", "B", "C")
    assert taken.time_us.tolist() == [0, 2]
    assert taken.power_mw.tolist() == [3, 5]
    assert len(taken) == 2


@given(st.lists(st.integers(MISSING + 1, 2**31 - 1)))
def test_thousandths_survive_the_way_to_public_units_and_back(numbers):
    thousandths = np.array(numbers, np.int32)
    assert to_thousandths(from_thousandths(thousandths)).tolist() == numbers


def test_missing_is_nan_in_public_units():
    assert to_thousandths(np.array([float("nan")])).tolist() == [MISSING]
    assert np.isnan(from_thousandths(np.array([MISSING], np.int32))).all()


def test_what_is_too_large_is_clipped_and_never_becomes_missing():
    values = np.array([1e12, -1e12, float("inf"), float("-inf"), -2147483.648])
    assert to_thousandths(values).tolist() == [
        2**31 - 1,
        MISSING + 1,
        2**31 - 1,
        MISSING + 1,
        MISSING + 1,
    ]


def test_half_a_thousandth_is_rounded_not_cut():
    assert to_thousandths(np.array([0.0016, -0.0016, 25.3, 409.7])).tolist() == [
        2,
        -2,
        25300,
        409700,
    ]
