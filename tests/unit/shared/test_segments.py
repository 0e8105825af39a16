"""Segments come back as they went, and nothing damaged gets in, hangs, or takes the memory."""

import tracemalloc
import zlib
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcodec import ChunkConfig, standalone

from shared.errors import InvalidSegmentError
from shared.readings import MISSING, Readings, concatenate
from shared.segments import (
    MAX_ROWS,
    MAX_TEXT_BYTES,
    MAX_TEXTS,
    Segment,
    decode,
    encode,
    pack,
    readings_of,
    readings_table,
    unpack,
)
from shared.tables import SCHEMA, Text

STREAM = UUID("01234567-89ab-cdef-0123-456789abcdef")
ENOUGH_MEMORY = 64_000_000

CELLS = {
    "text": st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
    "i2": st.integers(-(2**15), 2**15 - 1),
    "i4": st.integers(-(2**31), 2**31 - 1),
    "i8": st.integers(-(2**63), 2**63 - 1),
    "f8": st.floats(width=64),
}


def column(kind: str, cells: list):
    return Text.of(cells) if kind == "text" else np.array(cells, np.dtype(kind))


@st.composite
def tables(draw):
    chosen = draw(st.lists(st.sampled_from(sorted(SCHEMA)), unique=True))
    result = {}
    for name in chosen:
        rows = draw(st.integers(1, 8))
        result[name] = {
            key: column(kind, draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)))
            for key, kind in SCHEMA[name].items()
        }
    return result


def assert_same(found: Segment, expected: Segment) -> None:
    assert (found.stream, found.first_seq, found.last_seq) == (
        expected.stream,
        expected.first_seq,
        expected.last_seq,
    )
    assert found.tables.keys() == expected.tables.keys()
    for name, table in expected.tables.items():
        assert found.tables[name].keys() == SCHEMA[name].keys()
        for key, cells in table.items():
            if isinstance(cells, Text):
                assert found.tables[name][key].tolist() == cells.tolist()
            else:
                np.testing.assert_array_equal(found.tables[name][key], cells)
                assert found.tables[name][key].dtype == cells.dtype


@given(tables=tables(), stream=st.uuids(), first=st.integers(0, 2**62), more=st.integers(0, 2**61))
def test_every_table_survives_the_way_there_and_back(tables, stream, first, more):
    segment = Segment(stream, first, first + more, tables)
    assert_same(decode(encode(segment)), segment)


def sample(rows: int = 50) -> Readings:
    rng = np.random.default_rng(7)
    return Readings(
        ("PANEL-002", "PANEL-001"),
        rng.integers(0, 2, rows).astype(np.int32),
        1_780_000_000_000_000 + rng.permutation(rows) * 1_000_000,
        *(rng.integers(0, 50_000, rows).astype(np.int32) for _ in range(4)),
        quality=np.zeros(rows, np.int16),
    )


def sample_segment(rows: int = 50) -> Segment:
    return Segment(STREAM, 3, 5, {"readings": readings_table(sample(rows))})


def rows_of(readings: Readings) -> set[tuple]:
    names = [readings.panel_ids[at] for at in readings.panel]
    columns = [getattr(readings, name).tolist() for name in ("time_us", "temperature_mc")]
    return set(zip(names, *columns, readings.power_mw.tolist(), strict=True))


def test_readings_come_back_whole_ordered_by_panel_and_time():
    readings = sample()
    readings.power_mw[3] = MISSING
    segment = decode(encode(Segment(STREAM, 0, 0, {"readings": readings_table(readings)})))
    found = readings_of(segment)
    assert rows_of(found) == rows_of(readings)
    keys = list(zip(found.panel.tolist(), found.time_us.tolist(), strict=True))
    assert keys == sorted(keys)
    assert segment.rows("readings") == 50
    assert segment.rows("alerts") == 0


def test_a_segment_without_readings_has_none():
    assert readings_of(Segment(STREAM, 0, 0, {})) is None


def test_readings_of_two_segments_can_be_joined():
    first = readings_of(decode(encode(sample_segment())))
    assert len(concatenate([first, first])) == 100


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=10))
def test_a_body_is_split_as_it_was_joined(segments):
    assert unpack(pack(segments)) == segments


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\0",
        b"\0\0\0\2x",
        b"\xff\xff\xff\xffx",
        pack([b"abc"]) + b"\0",
        pack([b"a"])[:-1],
    ],
)
def test_a_body_whose_lengths_do_not_add_up_is_refused(body):
    with pytest.raises(InvalidSegmentError, match="body"):
        unpack(body)


def envelope(**changes) -> bytes:
    """A segment with something wrong in it."""
    names = ("version", "stream", "first_seq", "last_seq", "tables")
    fields = dict(zip(names, msgspec.msgpack.decode(encode(sample_segment())), strict=True))
    return msgspec.msgpack.encode(list((fields | changes).values()))


def with_column(name: str, data) -> bytes:
    rows, columns = msgspec.msgpack.decode(encode(sample_segment()))[4]["readings"]
    return envelope(tables={"readings": [rows, columns | {name: data}]})


def with_rows(rows) -> bytes:
    _, columns = msgspec.msgpack.decode(encode(sample_segment()))[4]["readings"]
    return envelope(tables={"readings": [rows, columns]})


def numbers(values, kind: str = "i4") -> bytes:
    return bytes(standalone.simple_compress(np.array(values, np.dtype(kind)), ChunkConfig()))


def texts(*values: str) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(values))


INDEX = numbers([0, 1] * 25)

WRONG = {
    "nothing": (b"", "not a segment"),
    "JSON": (b'{"readings": []}', "not a segment"),
    "deep nesting": (b"\x91" * 100_000, "not a segment"),
    "trailing bytes": (envelope() + b"x", "not a segment"),
    "another version": (envelope(version=2), "version is 2, allowed is 1"),
    "a short stream": (envelope(stream=b"x"), "no valid stream"),
    "a negative start": (envelope(first_seq=-1), "no valid stream and range"),
    "an end before the start": (envelope(last_seq=2), "no valid stream and range"),
    "an end no database holds": (envelope(last_seq=2**63 - 1), "no valid stream and range"),
    "an unknown table": (envelope(tables={"users": [1, {}]}), "table is 'users', allowed are"),
    "a long table name": (envelope(tables={"x" * 10**6: [1, {}]}), "table is 'x{80}', allowed"),
    "no rows": (with_rows(0), "has 0 rows, allowed are 1 to"),
    "negative rows": (with_rows(-1), "has -1 rows"),
    "too many rows": (with_rows(MAX_ROWS + 1), "has 1000001 rows"),
    "more rows than there are": (with_rows(51), "does not have the 51 rows"),
    "fewer rows than there are": (with_rows(49), "does not have the 49 rows"),
    "missing columns": (envelope(tables={"readings": [50, {}]}), "has columns .*expected are"),
    "a column more": (with_column("extra", INDEX), "has columns .*extra"),
    "a short column": (with_column("power_mw", numbers([1] * 49)), "power_mw does not have"),
    "a long column": (with_column("power_mw", numbers([1] * 51)), "power_mw does not have"),
    "a column of another type": (with_column("power_mw", numbers([1] * 50, "i8")), "power_mw"),
    "no column at all": (with_column("power_mw", b""), "power_mw is damaged"),
    "text for numbers": (with_column("power_mw", [texts("a", "b"), INDEX]), "not of kind i4"),
    "numbers for text": (with_column("panel", INDEX), "panel is not of kind text"),
    "damaged text": (with_column("panel", [b"xx", INDEX]), "panel has damaged text"),
    "text cut short": (with_column("panel", [texts("a", "b")[:-5], INDEX]), "panel has"),
    "text that is not text": (
        with_column("panel", [zlib.compress(msgspec.msgpack.encode([1, 2])), INDEX]),
        "panel has damaged text",
    ),
    "text that is not UTF-8": (
        with_column("panel", [zlib.compress(b"\x92\xa1\xff\xa1a"), INDEX]),
        "panel has damaged text",
    ),
    "deeply nested text": (
        with_column("panel", [zlib.compress(b"\x91" * 100_000), INDEX]),
        "panel has damaged text",
    ),
    "a repeated text": (with_column("panel", [texts("a", "a"), INDEX]), "repeats"),
    "a NUL in text": (with_column("panel", [texts("a", "b\0"), INDEX]), "NUL"),
    "an index too high": (with_column("panel", [texts("a"), INDEX]), "points outside of its 1"),
    "an index below zero": (
        with_column("panel", [texts("a"), numbers([-1] * 50)]),
        "points outside",
    ),
    "an index into nothing": (with_column("panel", [texts(), INDEX]), "points outside of its 0"),
}


@pytest.mark.parametrize(("data", "reason"), WRONG.values(), ids=WRONG)
def test_what_is_not_as_the_schema_says_is_refused_with_a_short_reason(data, reason):
    with pytest.raises(InvalidSegmentError, match=reason) as refusal:
        decode(data)
    assert len(str(refusal.value)) < 1000


def bomb(content: bytes) -> bytes:
    return with_column("panel", [zlib.compress(content, 9), INDEX])


# Made when asked for: they are large, and this file is read by every process that runs tests.
BOMBS = {
    "one endless text": lambda: bomb(b"\xdb" + (2**31).to_bytes(4, "big") + b"a" * 200_000_000),
    "zeros": lambda: bomb(b"\0" * 200_000_000),
    "millions of empty texts": lambda: bomb(
        b"\xdd" + (MAX_TEXT_BYTES - 5).to_bytes(4, "big") + b"\xa0" * (MAX_TEXT_BYTES - 5)
    ),
    "more texts than bytes": lambda: bomb(b"\xdd\xff\xff\xff\xff"),
    "a little over": lambda: bomb(msgspec.msgpack.encode([str(n) for n in range(MAX_TEXTS + 1)])),
    "millions of numbers": lambda: with_column("power_mw", numbers(np.zeros(50_000_000))),
}


@pytest.mark.parametrize("made", BOMBS.values(), ids=BOMBS)
def test_what_would_grow_beyond_bounds_is_refused_before_it_does(made):
    data = made()
    assert len(data) < 400_000
    tracemalloc.start()
    try:
        with pytest.raises(InvalidSegmentError):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < ENOUGH_MEMORY
    finally:
        tracemalloc.stop()


@given(data=st.data())
def test_damaged_bytes_are_refused_or_harmless(data):
    encoded = bytearray(encode(sample_segment()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        kind = data.draw(st.sampled_from(["change", "remove", "insert"]))
        if kind == "change":
            encoded[at] = data.draw(st.integers(0, 255))
        elif kind == "remove":
            del encoded[at : at + data.draw(st.integers(1, 16))]
        else:
            encoded[at:at] = data.draw(st.binary(min_size=1, max_size=16))
    try:
        segment = decode(bytes(encoded))
    except InvalidSegmentError:
        return
    for name, table in segment.tables.items():
        assert {len(column) for column in table.values()} == {segment.rows(name)}


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(InvalidSegmentError):
        decode(data)


def test_ten_seconds_of_a_thousand_panels_cost_at_most_four_bytes_a_reading():
    rng = np.random.default_rng(3)
    panels, seconds = 1000, 10
    shape = (panels, seconds)
    clouds = 1 - 0.4 * np.clip(
        np.sin((np.arange(seconds) + rng.uniform(0, 8, (panels, 1))) / 20), 0, 1
    )
    volts = 34.4 * rng.normal(1, 0.003, (panels, 1)) + rng.normal(0, 0.06, shape)
    amperes = 7.09 * clouds * rng.normal(1, 0.012, (panels, 1)) + rng.normal(0, 0.012, shape)
    watts = volts * amperes * rng.normal(1, 0.004, (panels, 1)) + rng.normal(0, 0.4, shape)
    celsius = 45 + rng.normal(0, 0.8, (panels, 1)) + rng.normal(0, 0.15, shape)
    millis = np.arange(seconds) * 1000 + rng.integers(0, 1000, (panels, 1))
    millis = millis + rng.integers(0, 3, shape)
    readings = Readings(
        tuple(f"PANEL-{number:04}" for number in range(panels)),
        np.repeat(np.arange(panels, dtype=np.int32), seconds),
        (1_780_000_000_000_000 + millis * 1000).ravel(),
        *(
            np.rint(values / step).astype(np.int32).ravel() * round(step * 1000)
            for values, step in ((celsius, 0.1), (volts, 0.01), (amperes, 0.001), (watts, 0.1))
        ),
        quality=np.zeros(panels * seconds, np.int16),
    )
    readings = readings.take(rng.permutation(len(readings)))
    encoded = encode(Segment(STREAM, 0, 0, {"readings": readings_table(readings)}))
    assert len(encoded) / len(readings) <= 4
