import pytest

from edge_agent.batch_size import BYTES_PER_ROW, LEAST_ROWS, MOST_ROWS, BatchSize, Floor


def collector(rows, *, rows_per_second, floor=0.01):
    """How long a collector takes for a body."""
    return floor + rows / rows_per_second


@pytest.mark.parametrize("rows_per_second", [50_000, 200_000, 1_000_000])
def test_bodies_grow_to_what_takes_the_time_they_may_take(rows_per_second):
    size = BatchSize()
    taken = []
    for _ in range(200):
        taken.append(collector(size.rows, rows_per_second=rows_per_second))
        size.took(taken[-1], rows=size.rows, target=0.15)
    settled = sorted(taken[100:])
    assert settled[-1] < 0.2
    assert settled[len(settled) // 2] > 0.1


def test_bodies_shrink_at_once_when_the_collector_slows_down():
    size = BatchSize(rows=400_000)
    size.took(1.0, rows=400_000, target=0.15)
    assert size.rows == 200_000


def test_a_body_far_from_full_says_nothing_about_larger_ones():
    size = BatchSize(rows=100_000)
    size.took(0.01, rows=1_000, target=0.15)
    assert size.rows == 100_000


def test_the_bounds_hold():
    size = BatchSize()
    for _ in range(100):
        size.took(0.0, rows=size.rows, target=0.15)
    assert size.rows == MOST_ROWS
    for _ in range(100):
        size.ran_out()
    assert size.rows == LEAST_ROWS
    assert size.size_bytes(now=0) == LEAST_ROWS * BYTES_PER_ROW


def test_a_body_refused_as_too_large_is_a_bound_for_longer_each_time():
    size, now = BatchSize(rows=MOST_ROWS), 0.0
    for seconds in (60, 120, 240):
        size.too_large(1_000_000, now=now)
        assert size.size_bytes(now=now + seconds - 1) == 750_000
        size.too_large(750_000, now=now + 10)
        assert size.size_bytes(now=now + seconds - 1) == 562_500
        now += seconds
        assert size.size_bytes(now=now) == MOST_ROWS * BYTES_PER_ROW


def test_the_floor_is_the_least_of_the_last_minutes():
    floor = Floor()
    assert floor.seconds == 0
    for now, seconds in ((0, 0.6), (1, 0.7), (301, 0.9), (302, 0.65)):
        floor.took(seconds, now=now)
    assert floor.seconds == 0.6
    floor.took(0.9, now=602)
    assert floor.seconds == 0.65
