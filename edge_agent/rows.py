"""Rows of a segment's table as lines of JSON, as the quarantine keeps them, and back."""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidSegmentError
from shared.tables import SCHEMA, Table, Text

_SHOWN: Final = 100
_decode_lines: Final = msgspec.json.Decoder(dict[str, Any]).decode_lines


def lines_of(table: Table, *, rows: Sequence[int]) -> bytes:
    """Return the rows at some positions, an object of all columns each, one a line."""
    picked = [
        [column.values[at] for at in column.index[list(rows)].tolist()]
        if isinstance(column, Text)
        else column[list(rows)].tolist()
        for column in table.values()
    ]
    objects = (dict(zip(table, row, strict=True)) for row in zip(*picked, strict=True))
    return b"\n".join(map(msgspec.json.encode, objects))


def table_of(name: str, *, lines: bytes) -> Table:
    """Return the table that `lines_of` wrote down.

    Args:
        name: The table's name.
        lines: At least one row.

    Raises:
        InvalidSegmentError: There is no such table, or the lines are not rows of it.
    """
    kinds = SCHEMA.get(name)
    if kinds is None:
        raise InvalidSegmentError(f"table is {name[:80]!r}, allowed are {', '.join(SCHEMA)}")
    try:
        rows = _decode_lines(lines)
        if not rows:
            raise InvalidSegmentError(f"there is no row of table {name}")
        return {
            column: _column([row[column] for row in rows], kind=kind)
            for column, kind in kinds.items()
        }
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidSegmentError(f"rows of table {name} are no lines of JSON: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"[:_SHOWN]
        raise InvalidSegmentError(f"rows are not those of table {name}: {reason}") from error


def _column(values: list[Any], *, kind: str) -> "NDArray[Any] | Text":
    if kind == "text":
        if not all(isinstance(value, str) for value in values):
            raise TypeError("a text is expected")
        return Text.of(values)
    if kind == "f8":  # JSON has no NaN
        return np.array([math.nan if value is None else value for value in values], np.float64)
    if not all(isinstance(value, int) for value in values):
        raise TypeError("an integer is expected")
    return np.array(values, np.dtype(kind))
