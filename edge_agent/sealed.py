"""A segment as the edge holds it: encoded, with what must be known without decoding it."""

from typing import NamedTuple
from uuid import UUID

from shared.segments import Segment, encode


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
    rows: int
    """Rows of all its tables."""
    body: bytes
    """As it is stored and sent."""


def seal(segment: Segment) -> Sealed:
    """Encode a segment."""
    rows = sum(segment.rows(table) for table in segment.tables)
    key = Key(segment.stream, segment.first_seq)
    return Sealed(key, segment.last_seq, rows, encode(segment))
