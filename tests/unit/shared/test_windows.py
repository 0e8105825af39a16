import numpy as np
import pytest

from shared.readings import Readings, to_thousandths
from shared.windows import LATENESS_US, Windows

START_US = 1_780_272_000_000_000  # a whole hour
SECOND_US = 1_000_000


def readings(rows):
    """Rows of panel, seconds since the start, watts."""
    ids = sorted({row[0] for row in rows})
    missing = to_thousandths(np.full(len(rows), np.nan))
    return Readings(
        tuple(ids),
        np.array([ids.index(row[0]) for row in rows], np.int32),
        np.array([START_US + row[1] * SECOND_US for row in rows], np.int64),
        missing,
        missing,
        missing,
        to_thousandths(np.array([row[2] for row in rows], np.float64)),
        np.zeros(len(rows), np.int16),
    )


def series(panel, *, every, until, watts=100.0):
    return [(panel, second, watts) for second in range(0, until, every)]


def closed(windows, rows, *, now=None):
    now_us = START_US + SECOND_US * (max(row[1] for row in rows) if now is None else now)
    return list(windows.add(readings(rows), now_us=now_us))


@pytest.mark.parametrize(
    ("every", "width"), [(1, 60), (20, 60), (60, 60), (61, 60), (300, 300), (600, 600), (900, 900)]
)
def test_windows_are_as_long_as_the_interval_needs(every, width):
    windows = Windows()
    closed(windows, series("A", every=every, until=10 * max(every, 60)))
    assert windows.width_us == width * SECOND_US


def test_a_window_has_the_median_of_its_minute_so_that_a_wild_value_is_gone():
    rows = [*series("A", every=1, until=60), ("A", 60, 1.0), ("A", 95, 1.0)]
    rows[10] = ("A", 10, 5000.0)
    (window,) = closed(Windows(), rows)
    assert window.values[3, 0] == 100.0
    assert window.count[0] == 60
    assert (window.start_us, window.end_us) == (START_US, START_US + 60 * SECOND_US)
    assert np.isnan(window.values[:3, 0]).all()


def test_readings_out_of_order_count_until_the_window_closes():
    windows = Windows()
    early = series("A", every=2, until=60, watts=10.0)
    assert closed(windows, [*early, ("A", 62, 10.0)]) == []
    late = [("A", second, 30.0) for second in range(1, 60, 2)]
    (window,) = closed(windows, [*late, ("A", 60 + LATENESS_US // SECOND_US, 10.0)])
    assert window.count[0] == 60
    assert window.values[3, 0] == 20.0


def test_readings_later_than_that_are_left_out_and_counted():
    windows = Windows()
    assert len(closed(windows, series("A", every=1, until=100))) == 1
    assert closed(windows, [("A", 30, 1.0), ("A", 101, 1.0)]) == []
    assert windows.late == 1


def test_the_last_window_of_a_silent_site_closes_by_the_clock():
    windows = Windows()
    assert closed(windows, series("A", every=1, until=50)) == []
    (window,) = windows.add(
        readings([("A", 50, 1.0)]).take(np.zeros(1, np.bool_)), now_us=START_US + 400 * SECOND_US
    )
    assert window.count[0] == 50


def test_a_panel_whose_clock_is_ahead_does_not_close_windows_for_the_others():
    windows = Windows()
    assert (
        closed(
            windows,
            [*series("A", every=1, until=50), ("B", 290, 1.0), ("B", 291, 1.0), ("B", 292, 1.0)],
            now=50,
        )
        == []
    )


def test_a_panel_that_stands_still_is_known_from_the_second_window_on():
    rows = series("A", every=10, until=240) + [("B", s, float(s)) for s in range(0, 240, 10)]
    windows = closed(Windows(), rows)
    assert [window.still[3].tolist() for window in windows[:3]] == [
        [False, False],
        [True, False],
        [True, False],
    ]


def test_a_thousand_panels_may_appear_at_once():
    rows = [(f"P{n}", second, 50.0) for second in range(0, 100, 10) for n in range(1000)]
    (window,) = closed(Windows(), rows)
    assert window.values.shape == (4, 1000)
    assert (window.count == 6).all()
