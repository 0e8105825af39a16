"""Rows as lines of JSON: what is written down comes back the same."""

import numpy as np
import pytest

from edge_agent.rows import lines_of, table_of
from shared.errors import InvalidSegmentError
from shared.tables import SCHEMA, Text


def table(name, rows=3):
    """A table of some rows, the last number of each column the least there can be."""
    made = {}
    for column, kind in SCHEMA[name].items():
        if kind == "text":
            made[column] = Text.of(f"{column} {row % 2}" for row in range(rows))
        elif kind == "f8":
            made[column] = np.array([*range(rows - 1), np.nan])
        else:
            least = np.iinfo(kind).min
            made[column] = np.array([*range(rows - 1), least], kind)
    return made


@pytest.mark.parametrize("name", SCHEMA)
def test_the_rows_of_every_table_come_back_as_they_were(name):
    there = table(name)
    back = table_of(name, lines=lines_of(there, rows=range(3)))
    assert back.keys() == there.keys()
    for column, values in there.items():
        if isinstance(values, Text):
            assert back[column].tolist() == values.tolist()
        else:
            assert back[column].dtype == values.dtype
            np.testing.assert_array_equal(back[column], values)


@pytest.mark.parametrize(
    ("name", "lines", "reason"),
    [
        ("wether", b"{}", "table is 'wether'"),
        ("weather", b"", "no row"),
        ("weather", b"{", "no lines of JSON"),
        ("weather", b"[" * 100_000, "no lines of JSON"),
        ("weather", b"\xff", "no lines of JSON"),
        ("weather", b'{"time_us": 1}', "KeyError"),
        ("health", b'{"time_us": 1, "report": 2}', "a text is expected"),
        ("health", b'{"time_us": 1.5, "report": ""}', "an integer is expected"),
        ("health", b'{"time_us": 9223372036854775808, "report": ""}', "OverflowError"),
    ],
)
def test_what_are_no_rows_of_a_table_is_said(name, lines, reason):
    with pytest.raises(InvalidSegmentError, match=reason):
        table_of(name, lines=lines)
