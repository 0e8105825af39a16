"""Shedding: what an outbox gives up when it holds too much, and how it tells.

First old readings become one-minute means, then the oldest segments go; what was set aside, and
then alerts, go last. Each step is one transaction with the segment that declares the loss.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID
from zlib import crc32

from edge_agent.outbox.declared import Declarer
from edge_agent.outbox.file import OutboxFile, Row, Transaction
from edge_agent.outbox.headers import Header, bodies, headers, ours
from edge_agent.outbox.shelf import Shelf, delete
from edge_agent.outbox.thinning import thinned
from edge_agent.sealed import Sealed, seal
from shared.errors import InvalidSegmentError
from shared.losses import Loss, LossReason, losses_of
from shared.segments import decode

_LOOKED_AT: Final = 256
_STEP_BYTES: Final = 2_097_152
_BULK: Final = "kind = 1"
_URGENT: Final = "kind = 0"
_RAW: Final = "kind = 1 AND thinned = 0"
_REPLACE: Final = (
    "UPDATE segment SET rows = ?, readings = ?, checksum = ?, body = ?, thinned = 1 WHERE id = ?"
)
_MARK: Final = "UPDATE segment SET thinned = 1 WHERE id = ?"
_SET_ASIDE: Final = (
    "SELECT id, stream, first_seq, last_seq, rows, readings, from_us, to_us, length(body), "
    "set_aside_us FROM set_aside ORDER BY id LIMIT ?"
)
_BODY_ASIDE: Final = "SELECT body FROM set_aside WHERE id = ? AND kind = 0"
_DELETE_SET_ASIDE: Final = "DELETE FROM set_aside WHERE id = ?"


class Shedder:
    """Gives up what is on a shelf, the least valuable first."""

    def __init__(self, file: OutboxFile, shelf: Shelf, *, declarer: Declarer) -> None:
        self._file = file
        self._shelf = shelf
        self._declarer = declarer

    async def thin(self, *, size_bytes: int, now_us: int) -> bool:
        """Thin the oldest segments that are not thinned, of about so many bytes; False without any.

        Raises:
            OutboxFullError: Not even for this is there room.
        """
        after = self._shelf.totals.thinned_through
        found = await headers(self._file, condition=_RAW, after=after, limit=_LOOKED_AT)
        chosen = self._some(found, size_bytes=min(size_bytes, _STEP_BYTES))
        if not chosen:
            return False
        parts = await bodies(self._file, found=chosen)
        smaller = await asyncio.to_thread(_thinned, chosen, parts)
        declared = 0
        async with self._shelf.changing() as change:
            losses = []
            for one in await ours(change.transaction, found=chosen,
                                  in_flight=self._shelf.in_flight):  # fmt: skip
                new = smaller.get(one.id)
                if new is None:
                    await change.transaction.run(_MARK, [(one.id,)])
                    continue
                row = (new.rows, new.readings, crc32(new.body), new.body, one.id)
                await change.transaction.run(_REPLACE, [row])
                change.totals.bulk.add(
                    0, new.rows - one.rows, new.readings - one.readings,
                    len(new.body) - one.size_bytes,
                )  # fmt: skip
                losses.append(_loss(one, rows=one.rows - new.rows, reason=LossReason.THINNED,
                                    now_us=now_us))  # fmt: skip
            if chosen == found[: len(chosen)]:
                change.totals.thinned_through = chosen[-1].id
            if losses:
                declared = await self._declarer.declare(change, losses=losses, now_us=now_us)
        self._declarer.committed(declared)
        return True

    async def evict(self, *, size_bytes: int, reason: LossReason, now_us: int) -> bool:
        """Give up the oldest segments, of so many bytes at least; False without any.

        Raises:
            OutboxFullError: Not even for this is there room.
        """
        found = await headers(self._file, condition=_BULK, limit=_LOOKED_AT)
        if chosen := self._some(found, size_bytes=size_bytes):
            return await self._evict(chosen, reason=reason, now_us=now_us)
        if await self._evict_set_aside(size_bytes=size_bytes, reason=reason, now_us=now_us):
            return True
        found = await headers(self._file, condition=_URGENT, limit=_LOOKED_AT)
        chosen = self._some(found, size_bytes=size_bytes)
        # A single one may be what the last step left: giving it up would only write it again.
        return len(chosen) > 1 and await self._evict(chosen, reason=reason, now_us=now_us)

    async def evict_before(self, moment_us: int, *, now_us: int) -> bool:
        """Give up bulk segments that came, and whose rows are from, before a time.

        One that came under a clock that was not right has no age.
        """
        oldest = self._shelf.stock.oldest_us
        if oldest is None or oldest >= moment_us:
            return False
        found = await headers(self._file, condition=_BULK, limit=_LOOKED_AT)
        old = [one for one in found if one.boot is None and one.created_us < moment_us > one.to_us]
        chosen = self._some(old, size_bytes=_STEP_BYTES)
        return bool(chosen) and await self._evict(chosen, reason=LossReason.OVER_AGE, now_us=now_us)

    def _some(self, found: Sequence[Header], *, size_bytes: int) -> list[Header]:
        """Return the first that nobody is sending, of so many bytes together, or all."""
        chosen: list[Header] = []
        for one in found:
            if size_bytes <= 0:
                break
            if one.key not in self._shelf.in_flight:
                chosen.append(one)
                size_bytes -= one.size_bytes
        return chosen

    async def _evict(self, chosen: Sequence[Header], *, reason: LossReason, now_us: int) -> bool:
        async with self._shelf.changing() as change:
            doomed = await ours(change.transaction, found=chosen, in_flight=self._shelf.in_flight)
            if not doomed:
                return False
            losses = [_loss(one, rows=one.rows, reason=reason, now_us=now_us) for one in doomed]
            carried = await _carried(change.transaction, doomed=doomed)
            await delete(change, ids=[one.id for one in doomed])
            declared = await self._declarer.declare(
                change, losses=losses, carried=carried, now_us=now_us
            )
        self._declarer.committed(declared)
        return True

    async def _evict_set_aside(self, *, size_bytes: int, reason: LossReason, now_us: int) -> bool:
        async with self._shelf.changing() as change:
            losses, doomed, carried = [], [], []
            for id_, *others in await change.transaction.read(_SET_ASIDE, (_LOOKED_AT,)):
                if size_bytes <= 0:
                    break
                stream, first, last, rows, readings, from_us, to_us, size, moment = others
                change.totals.set_aside.add(-1, -rows, -readings, -size)
                size_bytes -= size
                doomed.append((id_,))
                carried += _declared(await change.transaction.read(_BODY_ASIDE, (id_,)))
                losses.append(
                    Loss(stream=UUID(bytes=stream), first_seq=first, last_seq=last, rows=rows,
                         from_us=from_us or moment, to_us=to_us or moment, reason=reason,
                         declared_us=now_us)
                )  # fmt: skip
            if not doomed:
                return False
            await change.transaction.run(_DELETE_SET_ASIDE, doomed)
            declared = await self._declarer.declare(
                change, losses=losses, carried=carried, now_us=now_us
            )
        self._declarer.committed(declared)
        return True


def _loss(one: Header, *, rows: int, reason: LossReason, now_us: int) -> Loss:
    return Loss(
        stream=UUID(bytes=one.stream),
        first_seq=one.first_seq,
        last_seq=one.last_seq,
        rows=rows,
        from_us=one.from_us or one.created_us,
        to_us=one.to_us or one.created_us,
        reason=reason,
        declared_us=now_us,
    )


def _thinned(chosen: Sequence[Header], parts: Sequence[bytes | None]) -> dict[int, Sealed]:
    """Return those that became smaller, by id."""
    smaller: dict[int, Sealed] = {}
    for one, body in zip(chosen, parts, strict=True):
        if body is None or crc32(body) != one.checksum:
            continue
        try:
            new = seal(thinned(decode(body)))
        except InvalidSegmentError:
            continue
        if new.rows < one.rows:
            smaller[one.id] = new
    return smaller


async def _carried(transaction: Transaction, *, doomed: Sequence[Header]) -> list[Loss]:
    """Return the losses that urgent segments declare: they are declared again, not given up."""
    carried: list[Loss] = []
    for one in doomed:
        if one.kind == 0:
            found = await transaction.read("SELECT body FROM segment WHERE id = ?", (one.id,))
            carried += _declared(found)
    return carried


def _declared(bodies: Sequence[Row]) -> list[Loss]:
    """Return the losses that segments declare; what is damaged declares none."""
    carried: list[Loss] = []
    for (body,) in bodies:
        with contextlib.suppress(InvalidSegmentError):
            carried += losses_of(decode(body))
    return carried
