"""What a real site does to a detector that lives there for long: readings flow on regardless."""

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge_agent.detect import RuleSettings, SiteDetector
from edge_agent.detect.faults.portions import MOST_PANELS, portions
from shared.alerts import from_micros
from shared.readings import Readings, to_thousandths

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
STEP_MINUTES = 15
DAY = range(5 * 60, 19 * 60, STEP_MINUTES)


class Town:
    """Panels that produce from five to seven, a reading a quarter of an hour; values may be odd."""

    def __init__(self, panels=6, **options):
        self.detector = SiteDetector(RuleSettings(), **options)
        self.panels = panels
        self.told = {}
        self.first = FIRST
        self.now = None

    def values(self, minute):
        """Celsius, volts, amperes and watts of each panel, shape (4, panels)."""
        light = max(math.sin((minute / 60 - 5) / 14 * math.pi), 0.0)
        light *= 1 - 0.1 * (minute * 7919 % 13) / 13
        wobble = 1 + 0.004 * np.sin(minute * 1.7 + np.arange(self.panels) * 2.1)
        amperes = 9 * light * wobble
        celsius = 20 + 25 * light + 0.2 * np.sin(minute + np.arange(self.panels))
        volts = 34 - 0.1 * (celsius - 25) + 1.2 * np.log(np.maximum(light, 0.01)) + 0.05 * wobble
        return np.stack([celsius, volts, amperes, volts * amperes])

    def day(self, number, *, odd=lambda _minute, values: values, hours=None):
        """Live through a day, or some hours of it; `odd` changes what is measured."""
        for minute in DAY if hours is None else range(60 * hours[0], 60 * hours[1], STEP_MINUTES):
            values = odd(minute, self.values(minute))
            at = self.first + timedelta(days=number, minutes=minute)
            readings = Readings(
                tuple(f"P{panel}" for panel in range(self.panels)),
                np.arange(self.panels, dtype=np.int32),
                np.full(self.panels, round(at.timestamp() * 1e6), np.int64),
                *(to_thousandths(column) for column in values),
                quality=np.zeros(self.panels, np.int16),
            )
            self.look(readings, now=self.now or at)

    def look(self, readings, *, now):
        for episode in self.detector.look(readings, now=now):
            self.told[episode.episode] = episode

    def kinds(self):
        return {(one.panel, one.alert_type) for one in self.told.values()}


def only(panel, row, change):
    def odd(_minute, values):
        values[row, panel] = change(values[row, panel])
        return values

    return odd


@pytest.fixture(scope="module")
def pages():
    """What is learned of six panels in two days."""
    town = Town()
    for number in range(3):
        town.day(number)
    assert town.told == {}
    assert town.detector.summary().learned_panels == 6
    return town.detector.pages.take()()


@pytest.fixture
def town(pages):
    town = Town()
    town.detector.relearn(pages)
    return town


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_a_panel_that_jumps_scale_is_told_alone(town, row, factor):
    town.day(3, odd=only(2, row, lambda value: value * factor), hours=(10, 13))
    assert {panel for panel, _ in town.kinds()} <= {"P2"}


@pytest.mark.parametrize("row", range(4))
def test_a_column_that_goes_missing_raises_nothing(town, row):
    def without(_minute, values):
        values[row] = math.nan
        return values

    town.day(3, odd=without, hours=(10, 13))
    assert town.told == {}


def test_runs_without_any_value_raise_nothing(town):
    def gaps(minute, values):
        values[:, minute // 60 % 6] = math.nan
        return values

    town.day(3, odd=gaps)
    assert town.told == {}


def test_several_days_without_power_at_the_gateway_raise_nothing(town):
    town.day(3, hours=(9, 12))
    town.day(9, hours=(8, 19))
    town.day(10, hours=(5, 12))
    assert town.told == {}
    assert town.detector.summary().learned_us > (FIRST + timedelta(days=9)).timestamp() * 1e6


def test_a_panel_alone_is_learned_and_its_lost_voltage_is_told():
    town = Town(panels=1)
    for number in range(4):
        town.day(number)
    assert town.told == {}
    town.day(4, odd=lambda _, values: values * np.array([[1], [2 / 3], [1], [2 / 3]]))
    assert town.kinds() == {("P0", "low_voltage")}


def test_a_thousand_panels_that_come_at_once_are_looked_at_and_raise_nothing():
    town = Town(panels=1000)
    town.detector.record_windows()
    town.day(0, hours=(11, 13))
    assert town.told == {}
    table = town.detector.take_windows()
    assert len(table["time_us"]) >= 6 * 1000
    assert len(set(table["panel"].values)) == 1000


def test_readings_of_days_ago_are_left_out_and_counted(town):
    town.day(5, hours=(9, 12))
    town.now = FIRST + timedelta(days=5, hours=12)
    town.day(4)
    assert town.told == {}
    assert town.detector.windows.late >= 6 * len(DAY)


@pytest.mark.parametrize("hours", [-24 * 400, -3, 3, 24 * 400])
def test_a_clock_that_is_set_makes_the_detector_neither_deaf_nor_loud(town, hours):
    town.day(3, hours=(9, 11))
    town.detector.redate(hours * 3_600_000_000, near_too=True)
    town.first += timedelta(hours=hours)
    town.day(3, hours=(11, 13))
    assert town.told == {}
    town.day(3, odd=only(0, [1, 3], lambda values: values * 2 / 3), hours=(13, 15))
    assert {panel for panel, _ in town.kinds()} == {"P0"}


def test_no_look_waits_for_a_lesson_and_what_it_taught_is_used_later():
    free = threading.Event()
    with ThreadPoolExecutor(1) as school:

        def teach(work):
            return school.submit(lambda: free.wait(60) and work())

        town = Town(teach=teach)
        town.day(0)
        town.day(1, hours=(5, 9))
        assert town.detector.summary().learned_panels == 0
        free.set()
    town.day(1, hours=(9, 10))
    assert town.detector.summary().learned_panels == 6


def test_a_lesson_that_fails_is_said_and_the_next_one_is_learned():
    class Broken:
        def __init__(self):
            self.lessons = 0

        def __call__(self, work):
            self.lessons += 1
            future = Future()
            if self.lessons == 1:
                future.set_exception(MemoryError("no room"))
            else:
                future.set_result(work())
            return future

    town = Town(teach=Broken())
    town.day(0)
    town.day(1, hours=(5, 12))
    assert town.detector.summary().trouble == "cannot learn: MemoryError: no room"
    town.day(1, hours=(12, 19))
    town.day(2, hours=(5, 7))
    summary = town.detector.summary()
    assert (summary.trouble, summary.learned_panels) == (None, 6)


def test_the_day_so_far_goes_on_after_a_restart():
    town = Town()
    town.day(0)
    town.day(1, hours=(5, 12))
    after = Town()
    after.detector.relearn(town.detector.pages.take()())
    after.day(1, hours=(12, 19))
    after.day(2, hours=(5, 6))
    days = after.detector.watch.learner.history.day
    rows = [int((days == day).sum()) for day in np.unique(days)]
    assert len(rows) == 2
    assert rows[1] >= 0.9 * rows[0]
    assert from_micros(after.detector.summary().learned_us) > FIRST + timedelta(days=1, hours=17)


def test_what_one_outbox_page_of_a_day_has_lost_does_not_take_the_others_along(pages):
    names = [name for name in pages if name.startswith("day-")]
    damaged = pages | {names[0]: pages[names[0]][:-3]}
    detector = SiteDetector(RuleSettings())
    detector.relearn(damaged)
    assert detector.summary().learned_panels == 6
    assert len(np.unique(detector.watch.learner.history.day)) == len(names) - 1


@pytest.mark.parametrize("sizes", [[1], [5, 7], [300], [100, 40, 500, 3], [1] * 400])
def test_portions_have_each_panel_once_and_keep_small_groups_whole(sizes):
    group = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    group = np.random.default_rng(1).permutation(group)
    parts = list(portions(group))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(group)))
    assert max(map(len, parts)) <= MOST_PANELS
    for number, size in enumerate(sizes):
        touched = sum(bool((group[part] == number).any()) for part in parts)
        assert touched == 1 or size > MOST_PANELS
