"""The door: whatever arrives becomes a reading or a reason, and never an exception."""

import json
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents import MAX_EXPLAINED, MAX_SORTED
from shared.errors import InvalidReadingError
from shared.messages import ReadingMessage, parse, parse_payload, to_readings
from shared.quality import Quality

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOOD = {
    "panel_id": "PANEL-001",
    "timestamp": "2026-06-01T11:59:59.250Z",
    "temperature_celsius": 25.3,
    "voltage_volts": 48.2,
    "current_amperes": 8.5,
    "power_output_watts": 409.7,
}


def decode(payload: bytes, *, topic_panel: str | None = None):
    messages = parse_payload(payload)
    return to_readings(
        messages,
        topic_panels=[topic_panel] * len(messages),
        arrivals=[NOW.timestamp()] * len(messages),
        now=NOW,
    )


def changed(**fields) -> bytes:
    return json.dumps({key: v for key, v in (GOOD | fields).items() if v is not ...}).encode()


def test_a_good_message_becomes_a_reading_in_thousandths():
    readings = decode(changed(location=[48.1, 11.5])).readings
    assert readings.panel_ids == ("PANEL-001",)
    assert readings.time_us.tolist() == [1780315199250000]
    assert readings.temperature_mc.tolist() == [25300]
    assert readings.voltage_mv.tolist() == [48200]
    assert readings.current_ma.tolist() == [8500]
    assert readings.power_mw.tolist() == [409700]
    assert readings.quality.tolist() == [0]


def test_the_location_is_told_beside_the_reading():
    assert decode(changed(location=[48.1, 11.5])).locations == {"PANEL-001": (48.1, 11.5)}


BAD = {
    "nothing": (b"", "the message is empty"),
    "blanks": (b"  \n", "the message is empty"),
    "text": (b"hello", "not JSON"),
    "cut short": (changed()[:-5], "not JSON: it ends too early"),
    "two objects": (changed() + changed(), "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + changed(), "not JSON"),
    "invalid UTF-8": (changed().replace(b"PANEL", b"\xff\xfe"), "not JSON: its text is not UTF-8"),
    "binary": (bytes(range(256)), "not JSON"),
    "null": (b"null", "the message is null, expected an object"),
    "a number": (b"17", "the message is 17, expected an object"),
    "a string": (b'"x"', 'the message is the text "x", expected an object'),
    "NaN": (
        changed(voltage_volts=float("nan")),
        "not JSON: voltage_volts is NaN, which is not a number JSON allows",
    ),
    "infinity": (changed(voltage_volts=float("inf")), "voltage_volts is Infinity, which"),
    "minus infinity": (changed(voltage_volts=float("-inf")), "voltage_volts is -Infinity, which"),
    "NaN as C prints it": (changed().replace(b"48.2", b"-nan"), "voltage_volts is -nan, which"),
    "NaN as Rust prints it": (changed().replace(b"48.2", b"nan"), "is nan, which"),
    "a number beyond floats": (
        changed().replace(b"48.2", b"1e999"),
        "voltage_volts is not allowed, expected a number",
    ),
    "an enormous number": (changed(power_output_watts=3e6), "power_output_watts is 3e.06, allowed"),
    "an integer of 5,000 digits": (changed().replace(b"48.2", b"9" * 5000), "voltage_volts"),
    "a number as text": (
        changed(voltage_volts="48.2"),
        'voltage_volts is the text "48.2", expected a number',
    ),
    "a truth value": (
        changed(current_amperes=True),
        "current_amperes is true, expected a number",
    ),
    "a missing value": (
        changed(power_output_watts=...),
        "power_output_watts is missing",
    ),
    "a null value": (
        changed(power_output_watts=None),
        "power_output_watts is null, expected a number",
    ),
    "an unknown field": (
        changed(irradiance=7),
        "irradiance is not a known field; allowed are temperature_celsius",
    ),
    "a nested value": (
        changed(voltage_volts={"value": 1}),
        "voltage_volts is an object, expected a number",
    ),
    "a far future": (
        changed(timestamp="2026-06-01T12:05:01Z"),
        "2026-06-01T12:05:01Z, more than 5 minutes in the future",
    ),
    "a far past": (
        changed(timestamp="2000-01-01T00:00:00Z"),
        "2000-01-01T00:00:00Z, more than 5 years ago",
    ),
    "an unset clock": (changed(timestamp=12), "1970-01-01T00:00:12Z, more than 5 years ago"),
    "a naive time": (
        changed(timestamp="2026-06-01T12:00:00"),
        "timestamp is the text .*, expected a time with its timezone",
    ),
    "a date only": (
        changed(timestamp="2026-06-01"),
        "timestamp is the text .2026-06-01., expected a time",
    ),
    "no date at all": (changed(timestamp=-9e10), "timestamp is .*, which is no date"),
    "milliseconds long ago": (changed(timestamp=-1e14), "timestamp is .*, which is no date"),
    "a time beyond all": (changed(timestamp=1e308), "timestamp is .*, which is no date"),
    "the year 0": (
        changed(timestamp="0001-01-01T00:00:00+23:59"),
        "timestamp is .*, which is no date",
    ),
    "the year 10,000": (
        changed(timestamp="9999-12-31T23:59:59-23:59"),
        "timestamp is .*, which is no date",
    ),
    "a panel id with a slash": (changed(panel_id="a/b"), "panel_id is 'a/b', allowed"),
    "a panel id with a blank": (changed(panel_id="a b"), "panel_id is 'a b', allowed"),
    "a panel id with a line end": (changed(panel_id="a\n"), "panel_id is 'a.n', allowed"),
    "a panel id with a NUL": (changed(panel_id="a\0"), "panel_id is 'a.x00', allowed"),
    "a panel id with an accent": (changed(panel_id="é"), "panel_id is 'é', allowed"),
    "a long panel id": (changed(panel_id="a" * 65), "allowed are 1 to 64 letters"),
    "a panel id that is a number": (
        changed(panel_id=7),
        "panel_id is 7, expected a text",
    ),
    "no panel id": (
        changed(panel_id=...),
        "panel_id is missing from the message and from the topic",
    ),
    "a place off the map": (changed(location=[91.0, 0.0]), "location is .*, allowed are latitude"),
    "half a place": (changed(location=[48.0]), "location is a list, expected a list of length 2"),
    "100,000 brackets": (b"[" * 100_000, "."),
    "100,000 brackets inside": (
        changed(location=...)[:-1] + b', "location": ' + b"[" * 100_000,
        ".",
    ),
    "100,000 braces": (b'{"a":' * 100_000, "."),
}


@pytest.mark.parametrize(("payload", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_reading_gets_a_reason_and_what_is_beside_it_stays(payload, reason):
    alone = decode(payload)
    assert len(alone.readings) == 0
    assert list(alone.malformed) == [0]
    assert re.search(reason, alone.malformed[0])
    assert len(alone.malformed[0]) < 400
    messages = [*parse_payload(changed()), *parse_payload(payload), *parse_payload(changed())]
    beside = to_readings(messages, topic_panels=[None] * 3, arrivals=[NOW.timestamp()] * 3, now=NOW)
    assert beside.origin.tolist() == [0, 2]
    assert list(beside.malformed) == [1]


@pytest.mark.parametrize(
    "payload",
    [
        b"x" * 10_000_000,
        b'"' + b"x" * 10_000_000 + b'"',
        changed(**{"x" * 10_000_000: 1}),
        changed(panel_id="x" * 10_000_000),
        changed(timestamp="x" * 10_000_000),
        b"[" + b"1," * 5_000_000 + b"1]",
        b"[" + changed() + b",1" * 5_000_000 + b"]",
    ],
    ids=["text", "string", "field", "panel", "time", "array", "array with a reading"],
)
def test_10_megabytes_of_text_get_one_short_reason_at_once(payload):
    decoded = decode(payload)
    [reason] = decoded.malformed.values()
    assert len(reason) < 400


def test_good_elements_of_an_array_stand_beside_bad_ones():
    elements = [changed(), b"17", changed(panel_id="B"), changed(voltage_volts="x"), b'{"a":[[]]}']
    decoded = decode(b" [" + b",".join(elements) + b"]")
    assert decoded.readings.panel_ids == ("PANEL-001", "B")
    assert decoded.origin.tolist() == [0, 2]
    assert list(decoded.malformed) == [1, 3, 4]


def test_one_bad_element_costs_a_long_array_nothing_else():
    elements = [changed(location=[48.1, 11.5])] * 20_000
    elements[12_345] = b"17"
    decoded = decode(b"[" + b",".join(elements) + b"]")
    assert len(decoded.readings) == 19_999
    assert list(decoded.malformed) == [12_345]
    assert "is 17, expected" in decoded.malformed[12_345]


def test_good_elements_stay_beside_more_bad_ones_than_get_a_reason_of_their_own():
    bad = MAX_EXPLAINED + 1
    decoded = decode(b"[" + b"17," * bad + changed() + b',"x"]')
    assert decoded.origin.tolist() == [bad]
    assert list(decoded.malformed) == [*range(bad), bad + 1]
    assert "is 17, expected" in decoded.malformed[MAX_EXPLAINED - 1]
    assert "over 1000 elements of this array are bad" in decoded.malformed[MAX_EXPLAINED]
    assert decoded.malformed[bad + 1] == decoded.malformed[MAX_EXPLAINED]


def test_an_array_is_sorted_up_to_a_length_and_refused_as_a_whole_beyond():
    longest = decode(b"[" + b"1," * (MAX_SORTED - 1) + changed() + b"]")
    assert len(longest.readings) == 1
    assert len(longest.malformed) == MAX_SORTED - 1
    longer = decode(b"[" + b"1," * MAX_SORTED + changed() + b"]")
    assert "allowed are 400000 elements" in longer.malformed[0]
    assert (len(longer.readings), len(longer.malformed)) == (0, 1)


def test_an_array_of_good_readings_stays_in_order():
    payload = b"[" + b",".join(changed(panel_id=f"P{n % 3}") for n in range(1000)) + b"]"
    decoded = decode(payload)
    assert decoded.readings.panel_ids == ("P0", "P1", "P2")
    assert decoded.readings.panel.tolist() == [n % 3 for n in range(1000)]
    assert decoded.malformed == {}


def test_an_array_that_is_cut_short_is_one_failure():
    decoded = decode(b"[" + changed() + b"," + changed()[:30])
    assert len(decoded.readings) == 0
    assert list(decoded.malformed) == [0]


@pytest.mark.parametrize(
    ("timestamp", "micros"),
    [
        ("2026-06-01T12:00:00.25Z", 1780315200250000),
        ("2026-06-01T14:00:00+02:00", 1780315200000000),
        (1780315200.125, 1780315200125000),
        (1780315200, 1780315200000000),
        (1780315200125, 1780315200125000),
        ("2026-06-01T12:04:59Z", 1780315499000000),
    ],
)
def test_a_time_is_rfc_3339_or_epoch_seconds_or_milliseconds(timestamp, micros):
    assert decode(changed(timestamp=timestamp)).readings.time_us.tolist() == [micros]


def test_without_a_time_it_is_that_of_arrival_and_flagged():
    readings = decode(changed(timestamp=...)).readings
    assert readings.time_us.tolist() == [1780315200000000]
    assert readings.quality.tolist() == [Quality.ARRIVAL_TIME]


def test_the_panel_may_come_from_the_topic_but_the_message_wins():
    assert decode(changed(panel_id=...), topic_panel="T-1").readings.panel_ids == ("T-1",)
    assert decode(changed(), topic_panel="T-1").readings.panel_ids == ("PANEL-001",)


def test_five_years_of_backlog_are_accepted():
    then = (NOW - timedelta(days=5 * 365)).isoformat()
    assert len(decode(changed(timestamp=then)).readings) == 1


def test_nothing_becomes_nothing():
    decoded = to_readings([], topic_panels=[], arrivals=[], now=NOW)
    assert len(decoded.readings) == 0
    assert decoded.malformed == {}
    assert decode(b"[]").malformed == {0: "an empty array"}


def test_one_object_is_parsed_or_refused():
    assert isinstance(parse(changed()), ReadingMessage)
    with pytest.raises(InvalidReadingError, match="not JSON"):
        parse(b"hello")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.sampled_from([*GOOD, "x"]), children),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from([*GOOD, "location", "x"]), JSON), array=st.booleans())
def test_any_field_values_give_a_reading_or_a_reason(fields, array):
    document = json.dumps([GOOD | fields, GOOD] if array else GOOD | fields).encode()
    decoded = decode(document)
    told = sorted([*decoded.origin.tolist(), *decoded.malformed])
    assert told == list(range(len(told)))
    assert len(told) >= 1
    assert all(isinstance(reason, str) and reason for reason in decoded.malformed.values())


@given(payload=st.binary(max_size=200))
def test_any_bytes_give_readings_or_reasons(payload):
    decoded = decode(payload)
    assert np.isfinite(decoded.readings.time_us).all()
    assert len(decoded.readings) == 0
