"""Readings in PostgreSQL's binary COPY format, built as arrays: no loop over rows.

The order of rows is the same in every transaction, so two of them never wait for each other's rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.batch import Rows
from shared.readings import MISSING, QUANTITIES

COLUMNS: Final = ("panel_key", "time", *QUANTITIES, "quality")
"""The columns of ``reading_raw``, in the order of the rows that are copied."""

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000
_NULL: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """The rows of several parts, by panel and time, each key once."""

    rows: Rows
    part: NDArray[np.int32]
    """For each row, the number of the part it is from: the first that has its key."""


def order(parts: Sequence[Rows]) -> Ordered:
    """Join rows by panel and time; of rows with the same key the first of the first part stays.

    Args:
        parts: At least one.
    """
    names = [field.name for field in fields(Rows)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    number = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    panel, time = joined["panel_key"], joined["time_us"]
    if not _is_ordered(panel, time):
        by_key = np.lexsort((time, panel))
        panel, time = panel[by_key], time[by_key]
        first = np.ones(len(panel), np.bool_)
        first[1:] = (panel[1:] != panel[:-1]) | (time[1:] != time[:-1])
        chosen = by_key[first]
        joined, number = {name: joined[name][chosen] for name in names}, number[chosen]
    return Ordered(Rows(**joined), number)


def _is_ordered(panel: NDArray[np.int32], time: NDArray[np.int64]) -> bool:
    """Tell whether keys grow strictly, so that nothing is to be sorted or left out."""
    step = np.diff(panel)
    return bool(((step > 0) | ((step == 0) & (np.diff(time) > 0))).all())


def encode(rows: Rows, *, part: NDArray[np.int32] | None = None) -> bytes:
    """Return a whole COPY stream of the columns `COLUMNS`.

    Args:
        rows: What to copy; `MISSING` becomes NULL.
        part: One more column after them, if given.
    """
    columns: list[tuple[str, NDArray[Any]]] = [
        (">i4", rows.panel_key),
        (">i8", rows.time_us - _POSTGRES_EPOCH_US),
        *((">i4", getattr(rows, name)) for name in QUANTITIES),
        (">i2", rows.quality),
    ]
    if part is not None:
        columns.append((">i4", part))
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for at, (kind, _) in enumerate(columns):
        layout += [(f"length{at}", ">i4"), (f"value{at}", kind)]
    table = np.empty(len(rows), np.dtype(layout))
    table["fields"] = len(columns)
    for at, (_, values) in enumerate(columns):
        table[f"length{at}"] = table.dtype[f"value{at}"].itemsize
        table[f"value{at}"] = values
    return _HEADER + _without_nulls(table, rows=rows) + _TRAILER


def _without_nulls(table: NDArray[Any], *, rows: Rows) -> bytes:
    """Give missing values the length -1, and leave out the bytes of their values."""
    missing = {
        at: absent
        for at, name in enumerate(QUANTITIES, start=2)
        if (absent := getattr(rows, name) == MISSING).any()
    }
    if not missing:
        return table.tobytes()
    kept = np.ones((len(table), table.itemsize), np.bool_)
    assert table.dtype.fields is not None  # noqa: S101 - it is a structured array
    for at, absent in missing.items():
        table[f"length{at}"][absent] = _NULL
        offset = table.dtype.fields[f"value{at}"][1]
        kept[absent, offset : offset + table.dtype[f"value{at}"].itemsize] = False
    return table.view(np.uint8).reshape(kept.shape)[kept].tobytes()
