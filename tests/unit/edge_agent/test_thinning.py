"""Thinning: one mean a panel and minute, exactly, whatever the readings are."""

from uuid import uuid4

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.outbox.thinning import thin, thinned
from shared.quality import Quality
from shared.readings import MISSING, QUANTITIES, Readings
from shared.segments import Segment, decode, encode, readings_table

MINUTE_US = 60_000_000


def readings_of(rows):
    """Make readings of (panel, time_us, value or None, quality)."""
    panel, time_us, value, quality = zip(*rows, strict=True)
    values = np.array([MISSING if one is None else one for one in value], np.int32)
    return Readings(
        ("A", "B", "C"),
        np.array(panel, np.int32),
        np.array(time_us, np.int64),
        values, values, values, values,
        np.array(quality, np.int16),
    )  # fmt: skip


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(-3 * MINUTE_US, 3 * MINUTE_US),
        st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
        st.integers(0, 127),
    ),
    min_size=1,
    max_size=60,
)


def test_a_minute_of_readings_becomes_its_mean_at_the_first_time():
    whole = thin(readings_of([(0, MINUTE_US + at, at, 0) for at in (5, 1, 3)]))
    assert whole.time_us.tolist() == [MINUTE_US + 1]
    assert whole.power_mw.tolist() == [3]
    assert whole.quality.tolist() == [Quality.THINNED]


def test_a_reading_alone_in_its_minute_stays_as_it_is():
    whole = thin(readings_of([(0, 0, 7, 2), (0, MINUTE_US, 9, 0)]))
    assert whole.power_mw.tolist() == [7, 9]
    assert whole.quality.tolist() == [2, 0]


def test_what_was_not_measured_does_not_count_into_the_mean():
    whole = thin(readings_of([(0, 0, None, 1), (0, 1, 10, 4), (1, 0, None, 0), (1, 1, None, 0)]))
    assert whole.power_mw.tolist() == [10, MISSING]
    assert whole.quality.tolist() == [1 | 4 | Quality.THINNED, Quality.THINNED]


@given(ROWS)
def test_means_are_exact_in_any_order(rows):
    whole = thin(readings_of(rows))
    expected = {}
    for panel, time_us, value, quality in rows:
        expected.setdefault((panel, time_us // MINUTE_US), []).append((time_us, value, quality))
    assert len(whole) == len(expected)
    for at, (key, group) in enumerate(sorted(expected.items())):
        assert (whole.panel[at], whole.time_us[at]) == (key[0], min(one[0] for one in group))
        there = [one[1] for one in group if one[1] is not None]
        mean = (2 * sum(there) + len(there)) // (2 * len(there)) if there else MISSING
        assert [getattr(whole, name)[at] for name in QUANTITIES] == [mean] * 4
        bits = Quality.THINNED if len(group) > 1 else 0
        assert whole.quality[at] == bits | int(np.bitwise_or.reduce([one[2] for one in group]))
    again = thin(whole)
    assert again.time_us.tolist() == whole.time_us.tolist()


@given(st.lists(st.integers(0, 1_200_000), min_size=60, max_size=60))
def test_the_energy_of_a_whole_minute_stays_to_half_a_thousandth_of_a_watt(power_mw):
    rows = [(0, second * 1_000_000, power, 0) for second, power in enumerate(power_mw)]
    [mean] = thin(readings_of(rows)).power_mw.tolist()
    assert abs(60 * mean - sum(power_mw)) <= 30


def test_other_tables_of_a_segment_stay():
    weather = {
        "time_us": np.array([1, 2], np.int64),
        **{
            name: np.array([1, 2], np.int32) for name in ("irradiance_mw_m2", "ambient_mc",
                                                          "wind_mm_s")
        },
    }  # fmt: skip
    readings = readings_table(readings_of([(0, second, 5, 0) for second in range(60)]))
    segment = Segment(uuid4(), 3, 9, {"readings": readings, "weather": weather})
    smaller = decode(encode(thinned(segment)))
    assert (smaller.stream, smaller.first_seq, smaller.last_seq) == (segment.stream, 3, 9)
    assert (smaller.rows("readings"), smaller.rows("weather")) == (1, 2)
