"""What was found of segments in a damaged file, and what is missing between them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self
from uuid import UUID
from zlib import crc32

from edge_agent.outbox.rows import row_of
from edge_agent.sealed import Key, sealed_of
from shared.errors import InvalidSegmentError
from shared.segments import MAX_ROWS, decode

_UUID_BYTES: Final = 16
_MOST_FLUSHES: Final = 1_000_000  # of one segment: a larger range is a damaged number
_MOST_ROWS: Final = 8 * MAX_ROWS


class Found(NamedTuple):
    """A segment, or a gap between two."""

    stream: bytes
    """Its stream,"""
    first_seq: int
    """its first flush,"""
    last_seq: int
    """and its last, inclusive."""
    from_us: int
    """The earliest time of its rows, microseconds since 1970-01-01 UTC."""
    to_us: int
    """The latest."""
    rows: int
    """How many those are; 0 for a gap."""
    id: int
    """Its number in the table, which tells whether something was between it and the next."""

    @property
    def key(self) -> Key:
        """Its stream and its first flush."""
        return Key(UUID(bytes=self.stream), self.first_seq)

    @classmethod
    def of(cls, row: Mapping[str, Any], *, id_: int) -> Self:
        """Return the place of a row of the table ``segment``."""
        return cls._make([*(row[name] for name in cls._fields[:-1]), id_])


class Ranges:
    """Ranges of flushes, by stream."""

    def __init__(self) -> None:
        self._first: dict[bytes, list[int]] = {}
        self._last: dict[bytes, list[int]] = {}

    def add(self, stream: bytes, first: int, last: int) -> None:
        """Add a range; those that it covers are dropped."""
        firsts, lasts = self._first.setdefault(stream, []), self._last.setdefault(stream, [])
        if self.covers(stream, first, last):
            return
        begin = bisect_right(firsts, first - 1)
        end = begin
        while end < len(firsts) and lasts[end] <= last:
            end += 1
        firsts[begin:end], lasts[begin:end] = [first], [last]

    def covers(self, stream: bytes, first: int, last: int) -> bool:
        """Tell whether one of the ranges has all of another in it."""
        firsts = self._first.get(stream, [])
        at = bisect_right(firsts, first) - 1
        return at >= 0 and self._last[stream][at] >= last


def is_intact(row: Mapping[str, Any], *, table: str) -> bool:
    """Tell whether all of a row is there and what it carries is genuine.

    Args:
        row: Values by column; those that were cut off are missing.
        table: Whose row it is.
    """
    if table not in {"segment", "set_aside"}:
        return "received_us" in row and isinstance(row["received_us"], int)
    body = row.get("body")
    if not isinstance(body, bytes):
        return False
    if table == "segment" and crc32(body) != row["checksum"]:
        return False
    try:
        decode(body)
    except InvalidSegmentError:
        # What the collector refused need not be a segment; its reason says so.
        return table == "set_aside"
    return True


def truth(row: Mapping[str, Any]) -> dict[str, Any]:
    """Put what the body itself says in the place of columns that may be damaged."""
    try:
        sealed = sealed_of(decode(row["body"]), body=row["body"])
    except InvalidSegmentError:
        return dict(row)
    said = row_of(sealed)
    return {name: said.get(name, value) for name, value in row.items()}


def header_of(row: Mapping[str, Any], *, id_: int) -> Found | None:
    """Return which segment a row was, whose body is damaged; None if that is damaged as well."""
    try:
        found = Found.of(row, id_=id_)
    except KeyError:
        return None
    plausible = (
        all(isinstance(value, int) for value in found[1:])
        and len(found.stream) == _UUID_BYTES
        and 0 <= found.first_seq <= found.last_seq < found.first_seq + _MOST_FLUSHES
        and 0 <= found.rows <= _MOST_ROWS
        and 0 <= found.from_us <= found.to_us
    )
    return found if plausible else None


def fronts(found: Iterable[Found]) -> list[Found]:
    """Return what came before the first segment of each stream.

    Most of it was sent, for a stream begins with flush 0: the collector knows.
    """
    missing: dict[bytes, Found] = {}
    for one in sorted(found):
        if one.stream not in missing:
            missing[one.stream] = one._replace(
                first_seq=0, last_seq=one.first_seq - 1, to_us=one.from_us, rows=0, id=0
            )
    return [one for one in missing.values() if one.last_seq >= 0]


def gaps(found: Iterable[Found]) -> list[Found]:
    """Return what is missing between the segments of each stream, where something may have been.

    What went to the collector from memory has never been in the file, and leaves no hole among
    the numbers of its rows. What was sent from the file leaves one like what is damaged: the
    collector knows which of both it is.
    """
    order = sorted(found)
    ids = sorted({one.id for one in order})
    missing: list[Found] = []
    reached: Found | None = None
    for before, one in pairwise(order):
        if reached is None or reached.stream != before.stream or before.last_seq > reached.last_seq:
            reached = before
        if one.stream != reached.stream or one.first_seq <= reached.last_seq + 1:
            continue
        if _has_hole(ids, one=reached.id, other=one.id):
            missing.append(
                Found(
                    one.stream,
                    reached.last_seq + 1,
                    one.first_seq - 1,
                    min(reached.to_us, one.from_us),
                    max(reached.to_us, one.from_us),
                    0,
                    0,
                )
            )
    return missing


def _has_hole(ids: Sequence[int], *, one: int, other: int) -> bool:
    """Tell whether numbers between two are missing; in another order than flushes, all may be."""
    if other <= one:
        return True
    between = bisect_right(ids, other - 1) - bisect_right(ids, one)
    return between < other - one - 1
