"""Faults and durations as written on the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from models.simulator.faults import Fault
from models.simulator.schedule import ALWAYS, duration, faults_of, moment

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
        ("0.5h", timedelta(minutes=30)),
        ("-2h", timedelta(hours=-2)),
    ],
)
def test_durations_are_numbers_with_units(text, expected):
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "1h 30m", "ten minutes", "5y", "1e3s", "+5m"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="duration is"):
        duration(text)


def test_times_need_a_zone_and_become_utc():
    assert moment("2026-06-01T14:00:00+02:00") == START
    assert moment("2026-06-01T12:00Z") == START
    with pytest.raises(ValueError, match="expected is RFC 3339"):
        moment("2026-06-01T12:00:00")


def test_faults_begin_relative_to_the_start_or_at_a_time_and_may_end():
    text = (
        "bypass_short:PANEL-003@10m, open:PANEL-007@2h+30m,shade:*@-1d+6h,"
        "pid:x.PANEL-1@2026-06-01T14:00:00+02:00+1h30m,snow:*"
    )
    assert faults_of(text, start=START) == [
        Fault("bypass_short", "PANEL-003", START + timedelta(minutes=10)),
        Fault("open", "PANEL-007", START + timedelta(hours=2), START + timedelta(hours=2.5)),
        Fault("shade", "*", START - timedelta(days=1), START - timedelta(hours=18)),
        Fault("pid", "x.PANEL-1", START, START + timedelta(hours=1.5)),
        Fault("snow", "*", ALWAYS),
    ]
    assert faults_of("", start=START) == []


@pytest.mark.parametrize("text", ["open", "open:", "open:PANEL-001@", "open:P@10", "open:P@1h+"])
def test_what_cannot_be_read_is_an_error_that_shows_the_form(text):
    with pytest.raises(ValueError, match=r"expected is name:panel\[@start\[\+duration\]\]"):
        faults_of(text, start=START)


def test_an_unknown_name_is_an_error_that_lists_the_names():
    with pytest.raises(ValueError, match=r"'rust', known are bypass_short.*clipping"):
        faults_of("rust:PANEL-001@10m", start=START)
