"""Joining: segments that follow each other become one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.outbox.declared import coalesced
from shared.losses import losses_of, losses_table
from shared.readings import concatenate
from shared.segments import MAX_ROWS, MAX_TEXTS, Segment, readings_of, readings_table
from shared.tables import SCHEMA, Table, Text


def joined(segments: Sequence[Segment]) -> Segment | None:
    """Return one segment with the tables of several, which cover a range without gaps.

    Declared losses that continue each other become one.

    Args:
        segments: At least one, of one stream, in order.

    Returns:
        The whole; None if it were larger than a segment may be.
    """
    names = dict.fromkeys(name for segment in segments for name in segment.tables)
    tables = {name: _table(name, [s for s in segments if name in s.tables]) for name in names}
    if not all(map(_fits, tables.values())):
        return None
    first, last = segments[0], segments[-1]
    return Segment(first.stream, first.first_seq, last.last_seq, tables)


def _table(name: str, segments: Sequence[Segment]) -> Table:
    if name == "readings":
        parts = [part for segment in segments if (part := readings_of(segment)) is not None]
        return readings_table(concatenate(parts))
    if name == "losses":
        return losses_table(coalesced([loss for one in segments for loss in losses_of(one)]))
    return {c: _column([segment.tables[name][c] for segment in segments]) for c in SCHEMA[name]}


def _column(parts: "Sequence[NDArray[Any] | Text]") -> "NDArray[Any] | Text":
    texts = [part for part in parts if isinstance(part, Text)]
    if not texts:
        return np.concatenate([np.asarray(part) for part in parts])
    position: dict[str, int] = {}
    index = [
        np.array([position.setdefault(v, len(position)) for v in part.values], np.int32)[part.index]
        for part in texts
    ]
    return Text(tuple(position), np.concatenate(index))


def _fits(table: Table) -> bool:
    return all(
        len(column) <= MAX_ROWS
        and (not isinstance(column, Text) or len(column.values) <= MAX_TEXTS)
        for column in table.values()
    )
