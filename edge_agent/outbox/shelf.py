"""The segments on disk."""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID
from zlib import crc32

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.sealed import Key, Kind, Sealed

Order = Literal["oldest", "newest"]

_CANDIDATES: Final = 128
_SEALED: Final = "stream, first_seq, last_seq, kind, rows, readings, from_us, to_us, body"
_INSERT: Final = (
    f"INSERT OR IGNORE INTO segment ({_SEALED}, checksum, created_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DELETE: Final = "DELETE FROM segment WHERE stream = ? AND first_seq = ?"
_SET_ASIDE: Final = (
    f"INSERT OR IGNORE INTO set_aside ({_SEALED}, set_aside_us, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LIST: Final = {
    "oldest": "SELECT stream, first_seq, length(body) FROM segment ORDER BY id LIMIT ?",
    "newest": "SELECT stream, first_seq, length(body) FROM segment ORDER BY id DESC LIMIT ?",
}
_GET: Final = f"SELECT {_SEALED} FROM segment WHERE stream = ? AND first_seq = ?"
_STOCK: Final = (
    "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(length(body)), 0), min(created_us) "
    "FROM segment"
)


@dataclass(slots=True)
class Stock:
    """How much is on disk."""

    segments: int = 0
    """Segments not confirmed."""
    rows: int = 0
    """Rows in them."""
    size_bytes: int = 0
    """Bytes of their bodies."""
    oldest_us: int | None = None
    """When the oldest that was there at the start came, microseconds since 1970."""


class Shelf:
    """Puts segments on disk and takes them off; every change is one transaction."""

    def __init__(self, file: OutboxFile, *, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self.stock = Stock()
        """How much is on it."""
        self.set_aside_segments = 0
        """How many segments the collector refused, ever."""

    async def load(self) -> None:
        """Count what an earlier run left."""
        [row] = await self._file.read(_STOCK)
        self.stock = Stock(*row)
        [(self.set_aside_segments,)] = await self._file.read("SELECT count(*) FROM set_aside")

    async def put(self, segments: Sequence[Sealed]) -> None:
        """Put segments on disk, durably.

        Raises:
            OutboxFullError: There is no room for them; none is on disk.
        """
        if self.stock.size_bytes + sum(len(one.body) for one in segments) > self._max_bytes:
            raise OutboxFullError(f"the segments would be over {self._max_bytes} bytes")
        now_us = time.time_ns() // 1000
        rows = [(*_row(one), crc32(one.body), now_us) for one in segments]
        await self._file.write((_INSERT, rows))
        self._count(segments, sign=1)

    async def drop(self, segments: Sequence[Sealed]) -> None:
        """Take segments off.

        Raises:
            OutboxFullError: The disk is so full that not even this could be noted.
        """
        await self._file.write((_DELETE, [_key(one) for one in segments]))
        self._count(segments, sign=-1)

    async def set_aside(self, sealed: Sealed, *, reason: str, on_disk: bool) -> None:
        """Move a segment to where it is not sent from.

        Raises:
            OutboxFullError: There is no room for it.
        """
        now_us = time.time_ns() // 1000
        row = (*_row(sealed), now_us, reason)
        await self._file.write((_SET_ASIDE, [row]), (_DELETE, [_key(sealed)]))
        self.set_aside_segments += 1
        if on_disk:
            self._count([sealed], sign=-1)

    async def next(
        self, *, order: Order, max_bytes: int, busy: Collection[Key]
    ) -> tuple[Sealed, ...]:
        """Return segments to send, at least one if there is any that is not ``busy``."""
        listed = await self._file.read(_LIST[order], (_CANDIDATES + len(busy),))
        chosen: list[Sealed] = []
        room = max_bytes
        for stream, first_seq, size in listed:
            key = Key(UUID(bytes=stream), first_seq)
            if key in busy:
                continue
            if chosen and size > room:
                break
            room -= size
            chosen += map(_sealed, await self._file.read(_GET, (stream, first_seq)))
        return tuple(chosen)

    def _count(self, segments: Iterable[Sealed], *, sign: int) -> None:
        for one in segments:
            self.stock.segments += sign
            self.stock.rows += sign * one.rows
            self.stock.size_bytes += sign * len(one.body)
        if self.stock.segments == 0:
            self.stock.oldest_us = None
        elif self.stock.oldest_us is None:
            self.stock.oldest_us = time.time_ns() // 1000


def _row(sealed: Sealed) -> Row:
    return (*_key(sealed), sealed.last_seq, sealed.kind, *sealed[3:])


def _sealed(row: Row) -> Sealed:
    stream, first_seq, last_seq, kind, *others = row
    return Sealed(Key(UUID(bytes=stream), first_seq), last_seq, Kind(kind), *others)


def _key(sealed: Sealed) -> tuple[bytes, int]:
    return sealed.key.stream.bytes, sealed.key.first_seq
