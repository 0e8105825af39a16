"""The segments on disk."""

import itertools
import time
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal
from zlib import crc32

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.requested import Requested
from edge_agent.outbox.rows import SEALED, add, delete, insert, sealed_of_row
from edge_agent.outbox.set_aside import out_of_line
from edge_agent.outbox.sqlite import stream_of
from edge_agent.outbox.totals import Change, Totals, changing, looked, read_totals, write_totals
from edge_agent.sealed import Key, Kind, Sealed

Order = Literal["oldest", "newest"]

_CANDIDATES: Final = 128
_PUTS_BETWEEN_TOTALS: Final = 512
_ID_OF: Final = "SELECT id FROM segment WHERE stream = ? AND first_seq = ?"
_DIRECTION: Final = {"oldest": "ASC", "newest": "DESC"}
_GET: Final = f"SELECT {SEALED}, checksum FROM segment WHERE id = ?"


@dataclass(slots=True)
class Stock:
    """How much waits on disk."""

    segments: int = 0
    """Segments not confirmed."""
    rows: int = 0
    """Rows in them."""
    size_bytes: int = 0
    """Bytes of their bodies."""
    urgent_segments: int = 0
    """Those of them that are urgent."""
    oldest_us: int | None = None
    """When the oldest came, microseconds since 1970-01-01 UTC."""


class Shelf:
    """Puts segments on disk and takes them off; every change is one transaction.

    Rows are addressed by their ids. The ids of segments in flight are remembered, and what is in
    flight is nobody else's: it is neither merged nor thinned nor given up.
    """

    def __init__(self, file: OutboxFile, *, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._puts = 0
        self.in_flight: dict[Key, int] = {}
        """The ids of the segments that are being sent and are on disk."""
        self.requested = Requested()
        """What the collector asked for, which goes first."""
        self.damaged: dict[int, Sealed] = {}
        """What was found damaged, by id; in flight until it is set aside."""
        self.totals = Totals()
        """What the file holds, as of the last transaction."""
        self.stock = Stock()
        """How much waits on it."""

    @property
    def set_aside_segments(self) -> int:
        """How many segments are set aside: refused by the collector, or damaged."""
        return self.totals.set_aside.segments

    async def load(self) -> None:
        """Count what the file holds: after opening it, or after another program changed it.

        Nothing is written: what is there can be sent also from a disk that is full.
        """
        totals, oldest_us = await looked(self._file)
        merged = max(totals.merged_through, self.totals.merged_through)
        totals.merged_through = min(merged, totals.through_id)  # later ids are given out again
        self.totals = totals
        self._recount(oldest=oldest_us)

    def fitting(self, segments: Sequence[Sealed]) -> Sequence[Sealed]:
        """Return the first of them for which there is room."""
        sizes = itertools.accumulate(len(one.body) for one in segments)
        room = self._max_bytes - self.stock.size_bytes
        return segments[: sum(size <= room for size in sizes)]

    async def put(
        self, segments: Sequence[Sealed], *, in_flight: Collection[Key] = frozenset()
    ) -> None:
        """Put segments on disk, durably.

        Args:
            segments: What to put.
            in_flight: Which of them are being sent meanwhile.

        Raises:
            OutboxFullError: There is no room for them; none is on disk.
        """
        if not segments:
            return
        if len(self.fitting(segments)) < len(segments):
            raise OutboxFullError(f"the segments would be over {self._max_bytes} bytes")
        now_us = time.time_ns() // 1000
        async with self._file.transaction() as transaction:
            ids = await insert(transaction, segments=segments, now_us=now_us)
            self._puts += len(segments)
            if self._puts >= _PUTS_BETWEEN_TOTALS:  # so that a start has few to count
                self._puts = 0
                await write_totals(transaction, totals=await read_totals(transaction))
        for id_, one in zip(ids, segments, strict=True):
            if one.key in in_flight:
                self.in_flight[one.key] = id_
            self.totals.of(one.kind).add(1, one.rows, one.readings, len(one.body))
        self._recount(oldest=self.stock.oldest_us or now_us)

    async def drop(self, segments: Sequence[Sealed]) -> None:
        """Take segments off.

        Raises:
            OutboxFullError: The disk is so full that not even this could be noted.
        """
        async with self.changing() as change:
            await delete(change, ids=await self._ids(change, segments))
        self.release(one.key for one in segments)

    async def set_aside(self, sealed: Sealed, *, reason: str) -> None:
        """Move a segment to where it is not sent from, from memory or from the line.

        Raises:
            OutboxFullError: There is no room for it.
        """
        now_us = time.time_ns() // 1000
        async with self.changing() as change:
            ids = await self._ids(change, [sealed])
            if not ids:
                ids = await add(change, segments=[sealed], now_us=now_us)
            for id_ in ids:
                await out_of_line(change, id_=id_, reason=reason, now_us=now_us)
        self.release([sealed.key])

    async def next(
        self,
        *,
        order: Order,
        max_bytes: int,
        max_rows: int,
        busy: Collection[Key],
        kind: Kind | None = None,
    ) -> tuple[Sealed, ...]:
        """Return segments to send, at least one if there is any; they are in flight from now on.

        Args:
            order: Which go first.
            max_bytes: How large their bodies may be in sum, unless a single one is larger.
            max_rows: How many rows they may have in sum, unless a single one has more.
            busy: Which not to return.
            kind: Only those; None means all.
        """
        condition = "WHERE boot IS NULL " + ("" if kind is None else f"AND kind = {int(kind)} ")
        listed = await self._file.read(
            f"SELECT id, stream, first_seq, rows, length(body) FROM segment {condition}"
            f"ORDER BY id {_DIRECTION[order]} LIMIT ?",
            (_CANDIDATES + len(busy),),
        )
        if kind is None:
            listed = await self.requested.first(self._file) + listed
        chosen: dict[Key, int] = {}
        for id_, stream, first_seq, rows, size in listed:
            key = Key(stream_of(stream), first_seq)
            if key in busy or key in self.in_flight or key in chosen:
                continue
            max_bytes -= size
            max_rows -= rows
            if chosen and (max_bytes < 0 or max_rows < 0):
                break
            chosen[key] = id_
        self.in_flight |= chosen  # before anything is waited for: see `in_flight`
        try:
            return tuple(await self.get(chosen))
        except BaseException:
            self.release(chosen)
            raise

    async def get(self, keys: Iterable[Key]) -> list[Sealed]:
        """Return segments in flight by their keys; those not here, or damaged, are left out."""
        found = []
        for id_ in [self.in_flight[key] for key in keys if key in self.in_flight]:
            for *row, checksum in await self._file.read(_GET, (id_,)):
                sealed = sealed_of_row(tuple(row))
                if crc32(sealed.body) == checksum:
                    found.append(sealed)
                else:
                    self.damaged[id_] = sealed
        return found

    def release(self, keys: Iterable[Key]) -> None:
        """Let segments be sent again, merged, thinned or given up."""
        for key in keys:
            self.in_flight.pop(key, None)

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Change]:
        """Change segments in one transaction, and know what the file holds then.

        Raises:
            OutboxFullError: There is no room; nothing was changed.
        """
        async with changing(self._file) as change:
            yield change
            seen = max(change.totals.merged_through, self.totals.merged_through)
            change.totals.merged_through = seen
        self.totals = change.totals
        self._recount(oldest=change.oldest_us)

    def _recount(self, *, oldest: int | None) -> None:
        urgent, bulk = self.totals.urgent, self.totals.bulk
        self.stock = Stock(
            segments=urgent.segments + bulk.segments,
            rows=urgent.rows + bulk.rows,
            size_bytes=urgent.size_bytes + bulk.size_bytes,
            urgent_segments=urgent.segments,
            oldest_us=oldest,
        )

    async def _ids(self, change: Change, segments: Sequence[Sealed]) -> list[int]:
        """Return the ids of those segments that are on disk."""
        ids = [self.in_flight[one.key] for one in segments if one.key in self.in_flight]
        for one in segments:
            if one.key not in self.in_flight:
                key = (one.key.stream.bytes, one.key.first_seq)
                found = await change.transaction.read(_ID_OF, key)
                ids += [row[0] for row in found]
        return ids
