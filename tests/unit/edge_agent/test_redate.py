"""Whatever our clock said: afterwards every time is the true one, and no reading is missing."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import Clock
from edge_agent.intake import Message
from edge_agent.redate import RIGHT_US, TELLABLE_US, divided, redated, suspected
from edge_agent.sealed import seal
from edge_agent.validate import Topics, Validator
from programs.clocks import SECOND, YEAR, SetClocks
from shared.alerts import Episode, Severity, alerts_of, alerts_table, from_micros
from shared.limits import Limits
from shared.quality import Quality
from shared.segments import Segment, decode, readings_of, readings_table
from shared.tables import Text

STREAM = uuid4()
TOPICS = Topics(readings="sensors/{panel_id}/readings", weather="site/weather", meter="site/meter")
VALUES = {
    "temperature_celsius": 25.0,
    "voltage_volts": 40.0,
    "current_amperes": 0.0,
    "power_output_watts": 0.0,
}


class Gateway:
    """The door, the clock and the division, without broker and outbox."""

    def __init__(self, *, error_us):
        self.clocks = SetClocks(error_us=error_us)
        self.clock = Clock(self.clocks)
        self.validator = Validator(TOPICS, limits_of=lambda _: Limits())
        self.messages, self.segments, self.true_us, self.quarantined = [], [], {}, []
        self.clock.flush()

    def message(self, panel, *, stamp_us=None):
        """A reading arrives; its current tells which it was, its true time is remembered."""
        number = len(self.true_us)
        body = {**VALUES, "current_amperes": number / 1000}
        if stamp_us is not None:
            body["timestamp"] = stamp_us / SECOND
        topic = f"sensors/{panel}/readings"
        self.messages.append(Message(topic, json.dumps(body).encode(), self.clock.now()))
        self.true_us[number] = self.clocks.true_us

    def send(self, topic, body):
        self.messages.append(Message(topic, json.dumps(body).encode(), self.clock.now()))

    def flush(self, **tables):
        moment = self.clock.flush()
        checked = self.validator.check(self.messages, now=moment.judge)
        self.messages = []
        self.quarantined += checked.quarantined
        tables = dict(checked.site) | tables
        if checked.readings is not None:
            tables["readings"] = readings_table(checked.readings)
        for part, hold in divided([tables] if tables else [], moment=moment):
            number = len(self.segments)
            boot, offset = (moment.boot, moment.dating.offset_us) if hold else (None, None)
            segment = Segment(STREAM, number, number, part)
            self.segments.append(seal(segment, boot=boot, offset_us=offset))
        return moment

    def is_set_right(self):
        self.clocks.is_set_right()
        self.clock.look()
        self.segments = [
            one if one.boot is None else redated(one, shift_us=self.clock.offset_us - one.offset_us)
            for one in self.segments
        ]

    def rows(self):
        """Of each reading its number, panel, time and quality, in no order."""
        for sealed in self.segments:
            found = readings_of(decode(sealed.body))
            if found is not None:
                yield from zip(
                    found.current_ma.tolist(),
                    (found.panel_ids[at] for at in found.panel.tolist()),
                    found.time_us.tolist(),
                    found.quality.tolist(),
                    strict=True,
                )


ERRORS = st.one_of(
    st.integers(-60 * YEAR, 60 * YEAR),
    st.integers(-100 * SECOND, 100 * SECOND),
    st.integers(-56, 56).map(lambda years: years * YEAR),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrives"), st.sampled_from("AB"), st.floats(0.001, 20)),
        st.tuples(st.just("stamped"), st.sampled_from("CD"), st.floats(0.001, 20)),
        st.tuples(st.just("follows"), st.sampled_from("EF"), st.floats(0.001, 20)),
        st.tuples(st.just("flush"), st.just(""), st.just(0.0)),
        st.tuples(st.just("jumps"), ERRORS, st.floats(0.001, 20)),
    ),
    max_size=40,
)


WITHIN_US = {
    **dict.fromkeys("AB", RIGHT_US + 1000),  # a clock that is so nearly right is left alone
    **dict.fromkeys("CD", 1000),
    **dict.fromkeys("EF", TELLABLE_US + 1000),  # so near, nobody can tell whose stamp it is
}


def play(gateway, stamps, step):
    what, detail, seconds = step
    gateway.clocks.passes(seconds)
    number = len(gateway.true_us)
    if what == "arrives":
        gateway.message(detail)
    elif what == "stamped":
        stamps[number] = gateway.clocks.true_us // 1000 * 1000
        gateway.message(detail, stamp_us=stamps[number])
    elif what == "follows":
        gateway.message(detail, stamp_us=round(gateway.clock.now() * SECOND))
    elif what == "flush":
        gateway.flush()
    else:
        gateway.flush()  # what was stamped by the old clock came under it
        gateway.clocks.error_us = detail
        gateway.flush()


@given(error=ERRORS, steps=STEPS)
def test_what_our_clock_dated_ends_at_its_true_time_whatever_the_clock_did(error, steps):
    gateway, stamps = Gateway(error_us=error), {}
    for step in steps:
        play(gateway, stamps, step)
    gateway.flush()
    gateway.clocks.passes(1)
    gateway.is_set_right()
    rows = list(gateway.rows())
    assert not gateway.quarantined
    assert sorted(number for number, *_ in rows) == sorted(gateway.true_us)
    assert len({(panel, at) for _, panel, at, _ in rows}) == len(rows), "none fell together"
    assert not any(quality & Quality.TIME_SUSPECT for *_, quality in rows)
    for number, panel, at, _ in rows:
        assert abs(at - gateway.true_us[number]) <= WITHIN_US[panel], (number, panel)
        assert panel not in "CD" or abs(at - stamps[number]) <= 1


@given(
    error=ERRORS.filter(lambda error: abs(error) > TELLABLE_US),
    pauses=st.lists(st.floats(0.001, 5), min_size=1, max_size=30),
)
def test_after_a_really_wrong_clock_arrivals_are_right_to_the_millisecond(error, pauses):
    gateway = Gateway(error_us=error)
    for at, pause in enumerate(pauses):
        gateway.clocks.passes(pause)
        gateway.message("A")
        gateway.message("C", stamp_us=gateway.clocks.true_us)
        if at % 3 == 0:
            gateway.flush()
    gateway.flush()
    gateway.is_set_right()
    rows = list(gateway.rows())
    assert len(rows) == 2 * len(pauses)
    for number, panel, at, quality in rows:
        assert abs(at - gateway.true_us[number]) <= (1000 if panel == "A" else 1), (panel, at)
        assert bool(quality & Quality.ARRIVAL_TIME) == (panel == "A")


def test_a_panels_own_stamp_is_good_and_goes_at_once_however_wrong_our_clock_is():
    gateway = Gateway(error_us=-56 * YEAR)
    gateway.clocks.passes(5)
    gateway.message("C", stamp_us=gateway.clocks.true_us)
    gateway.flush()
    [sealed] = gateway.segments
    assert sealed.boot is None
    assert not gateway.quarantined


@pytest.mark.parametrize("stamp", ["1999-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
def test_a_stamp_no_clock_can_mean_is_quarantined_also_under_an_untrusted_clock(stamp):
    gateway = Gateway(error_us=-3 * YEAR)
    gateway.send("sensors/A/readings", VALUES | {"timestamp": stamp})
    gateway.send("site/weather", {"irradiance_w_m2": 1.0, "timestamp": stamp})
    gateway.flush()
    assert [entry.reason for entry in gateway.quarantined] == [
        f"timestamp is {stamp}, allowed is 2020 to 2099"
    ] * 2


@pytest.mark.parametrize("ahead", [301, -5 * 366 * 86_400 - 60])
def test_with_a_trusted_clock_far_stamps_are_quarantined(ahead):
    gateway = Gateway(error_us=0)
    gateway.is_set_right()
    gateway.message("A", stamp_us=gateway.clocks.true_us + ahead * SECOND)
    gateway.flush()
    assert len(gateway.quarantined) == 1
    assert not gateway.segments


def test_weather_meter_and_alerts_are_dated_anew_as_well_but_a_report_goes_at_once():
    gateway = Gateway(error_us=-3 * YEAR)
    gateway.clocks.passes(5)
    true_us, wrong_us = gateway.clocks.true_us, round(gateway.clock.now() * SECOND)
    gateway.send("site/weather", {"irradiance_w_m2": 700.0})
    gateway.send("site/weather", {"irradiance_w_m2": 1.0, "timestamp": true_us / SECOND})
    gateway.send("site/meter", {"load_watts": 700.0})
    episode = Episode(
        episode="e",
        panel="A",
        alert_type="over_temperature",
        severity=Severity.HIGH,
        title="hot",
        recommendation="look",
        details={"celsius": 90.0, "since": "2023-01-01T00:00:00Z"},
        raised_at=from_micros(wrong_us - 60 * SECOND),
        last_seen_at=from_micros(wrong_us),
    )
    gateway.flush(
        alerts=alerts_table([episode]),
        health={"time_us": np.array([wrong_us]), "report": Text.of(["{}"])},
    )
    gateway.is_set_right()
    own, ours = (decode(sealed.body) for sealed in gateway.segments)
    assert own.tables.keys() == {"weather", "health"}
    assert own.tables["weather"]["time_us"].tolist() == [true_us]
    for table in ("weather", "meter"):
        assert ours.tables[table]["time_us"] == pytest.approx([true_us], abs=1000)
    [alert] = alerts_of(ours)
    assert alert.last_seen_at == from_micros(wrong_us + 3 * YEAR)
    assert alert.raised_at == from_micros(wrong_us + 3 * YEAR - 60 * SECOND)
    assert alert.cleared_at is None
    assert alert.details["since"] == alert.raised_at.isoformat().replace("+00:00", "Z")
    assert gateway.segments[1].to_us == ours.tables["meter"]["time_us"][0]


def test_a_clock_that_was_right_all_along_costs_no_decoding():
    gateway = Gateway(error_us=0)
    gateway.message("A")
    gateway.flush()
    [before] = gateway.segments
    gateway.is_set_right()
    [after] = gateway.segments
    assert before.boot is not None
    assert after.boot is None
    assert after.body is before.body


def test_readings_whose_time_nobody_will_know_say_so():
    gateway = Gateway(error_us=-3 * YEAR)
    gateway.message("A")
    gateway.flush()
    [sealed] = gateway.segments
    after = suspected(sealed)
    assert after.boot is None
    assert readings_of(decode(after.body)).quality.tolist() == [
        Quality.TIME_SUSPECT | Quality.ARRIVAL_TIME
    ]
    assert after[:7] == sealed[:7]


def test_when_nobody_sets_the_clock_only_what_it_dated_is_flagged():
    gateway = Gateway(error_us=-3 * YEAR)
    theirs = datetime.fromtimestamp(gateway.clocks.true_us // SECOND, UTC)
    gateway.clock.heard(theirs, sent_us=gateway.clocks.up_us, received_us=gateway.clocks.up_us)
    gateway.clocks.passes(3600)
    gateway.flush()
    gateway.message("A")
    gateway.message("C", stamp_us=gateway.clocks.true_us)
    gateway.flush()
    [sealed] = gateway.segments
    assert sealed.boot is None
    assert {panel: quality for _, panel, _, quality in gateway.rows()} == {
        "A": Quality.TIME_SUSPECT | Quality.ARRIVAL_TIME,
        "C": 0,
    }


def test_a_damaged_segment_is_let_go_for_the_collector_to_refuse():
    gateway = Gateway(error_us=-3 * YEAR)
    gateway.message("A")
    gateway.flush()
    damaged = gateway.segments[0]._replace(body=b"damaged")
    for after in (suspected(damaged), redated(damaged, shift_us=YEAR)):
        assert (after.boot, after.body) == (None, b"damaged")


def test_rows_that_would_fall_together_are_kept_apart():
    gateway = Gateway(error_us=-10 * SECOND)
    gateway.message("A")
    arrived_us = round(gateway.messages[0].received_at * SECOND)
    gateway.message("A", stamp_us=arrived_us + 10 * SECOND)
    gateway.flush()
    gateway.is_set_right()
    times = sorted(at for _, _, at, _ in gateway.rows())
    assert times == [arrived_us + 10 * SECOND, arrived_us + 10 * SECOND + 1]
