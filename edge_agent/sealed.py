"""A segment as the edge holds it: encoded, with what must be known without decoding it."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.segments import Segment, encode
from shared.tables import Table

_URGENT_TABLES: Final = frozenset({"alerts", "losses"})
_TIMES: Final = ("time_us", "last_seen_us", "declared_us")


class Kind(IntEnum):
    """What a segment carries decides what goes first, and what is given up last."""

    URGENT = 0
    """Alerts and declared losses, and nothing else."""
    BULK = 1
    """Readings, and what came with them."""


class Key(NamedTuple):
    """What tells a segment from all others of this gateway."""

    stream: UUID
    """Made anew at each start of the agent."""
    first_seq: int
    """The number of its first flush."""


class Sealed(NamedTuple):
    """An encoded segment."""

    key: Key
    """Which it is."""
    last_seq: int
    """The number of its last flush, inclusive."""
    kind: Kind
    """Whether it is urgent."""
    rows: int
    """Rows of all its tables."""
    readings: int
    """Rows of its readings."""
    from_us: int
    """The earliest time of a row, microseconds since 1970-01-01 UTC; 0 without any."""
    to_us: int
    """The latest."""
    body: bytes
    """As it is stored and sent."""
    boot: bytes | None = None
    """None if it may go; else it is held: the boot in which an untrusted clock dated it."""
    offset_us: int | None = None
    """With ``boot``: that clock minus the time since boot, in microseconds."""


def seal(segment: Segment, *, boot: bytes | None = None, offset_us: int | None = None) -> Sealed:
    """Encode a segment; with ``boot`` and ``offset_us`` it is held, see `Sealed`."""
    return sealed_of(segment, body=encode(segment))._replace(boot=boot, offset_us=offset_us)


def sealed_of(segment: Segment, *, body: bytes) -> Sealed:
    """Return a segment that is already encoded, as ``body``, with what is known about it."""
    spans = [(int(times.min()), int(times.max())) for times in _times(segment)]
    return Sealed(
        key=Key(segment.stream, segment.first_seq),
        last_seq=segment.last_seq,
        kind=kind_of(segment),
        rows=sum(segment.rows(table) for table in segment.tables),
        readings=segment.rows("readings"),
        from_us=min((first for first, _ in spans), default=0),
        to_us=max((last for _, last in spans), default=0),
        body=body,
    )


def kind_of(segment: Segment) -> Kind:
    """Return what a segment counts as."""
    return Kind.URGENT if segment.tables.keys() <= _URGENT_TABLES else Kind.BULK


def _times(segment: Segment) -> Iterator[NDArray[np.int64]]:
    for table in segment.tables.values():
        yield from (_column(table, name) for name in _TIMES if name in table)


def _column(table: Table, name: str) -> NDArray[np.int64]:
    return np.asarray(table[name])
