"""Splitting: the tables of a flush, cut so that each part fits into a segment."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.segments import MAX_ROWS, MAX_TEXTS
from shared.tables import Table, Text

_PART_ROWS: Final = min(MAX_ROWS, MAX_TEXTS)
"""A part of so many rows has no more distinct texts either."""


def split(tables: Mapping[str, Table]) -> list[dict[str, Table]]:
    """Return the tables in parts, in order, each within what one segment may have.

    Args:
        tables: Those of one flush, by name; most often they fit, and are one part.
    """
    if all(map(_fits, tables.values())):
        return [dict(tables)]
    parts: list[dict[str, Table]] = []
    for name, table in tables.items():
        for at, part in enumerate(_parts(table)):
            if at == len(parts):
                parts.append({})
            parts[at][name] = part
    return parts


def _fits(table: Table) -> bool:
    return all(
        len(column) <= MAX_ROWS
        and (not isinstance(column, Text) or len(column.values) <= MAX_TEXTS)
        for column in table.values()
    )


def _parts(table: Table) -> Iterator[Table]:
    if _fits(table):
        yield table
        return
    rows = len(next(iter(table.values())))
    for start in range(0, rows, _PART_ROWS):
        cut = slice(start, start + _PART_ROWS)
        yield {name: _cut(column, rows=cut) for name, column in table.items()}


def _cut(column: "NDArray[Any] | Text", *, rows: slice) -> "NDArray[Any] | Text":
    if not isinstance(column, Text):
        return column[rows]
    used, index = np.unique(column.index[rows], return_inverse=True)
    return Text(tuple(column.values[at] for at in used.tolist()), index.astype(np.int32))
