"""What a person orders from outside: replaying and discarding, each in one transaction.

The agent may be running beside it; it notices by `OutboxFile.data_version`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import uuid4

import msgspec

from edge_agent.entries import REJECTED_TOPIC
from edge_agent.errors import OutboxError
from edge_agent.outbox.aside import Aside, asides, back_in_line, delete_aside, loss_of
from edge_agent.outbox.declared import Declarer
from edge_agent.outbox.file import OutboxFile, Transaction
from edge_agent.outbox.shelf import insert
from edge_agent.outbox.totals import Change, changing
from edge_agent.rows import table_of
from edge_agent.sealed import seal
from shared.errors import InvalidSegmentError
from shared.losses import LossReason
from shared.segments import Segment

_HEADS: Final = (
    "SELECT id, tier, topic, reason, readings, length(payload), payload_bytes FROM quarantine "
    "WHERE {} ORDER BY id"
)
_JUDGE_AGAIN: Final = (
    "INSERT INTO replay (topic, payload, received_us) "
    "SELECT topic, payload, received_us FROM quarantine WHERE id = ?"
)
_PAYLOAD: Final = "SELECT payload FROM quarantine WHERE id = ?"
_DELETE: Final = "DELETE FROM quarantine WHERE id = ?"
_COUNT: Final = (
    "INSERT INTO state VALUES ('quarantine_discarded', ?) "
    "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
)
_ROWS_AT_ONCE: Final = 50_000
_TOLD: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an order is about."""

    entries: tuple[int, ...] = ()
    """Ids of entries of the quarantine."""
    segments: tuple[int, ...] = ()
    """Ids of segments that are set aside."""
    everything: bool = False
    """All of both, instead."""
    containing: str = ""
    """With ``everything``: only what has this text in its reason."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What an order did."""

    entries: int
    """Entries of the quarantine it was done to."""
    segments: int
    """Segments that were set aside it was done to."""
    rows: int
    """Readings of those entries, and rows of those segments."""
    skipped: list[str]
    """Why something was left as it is."""


class _Head(NamedTuple):
    """An entry of the quarantine without its payload."""

    id: int
    tier: str
    topic: str
    reason: str
    readings: int
    kept_bytes: int
    payload_bytes: int


async def replay(file: OutboxFile, *, choice: Choice) -> Done:
    """Have messages judged again, rejected rows sent again, and segments put back into the line.

    Raises:
        OutboxError: Something that was named is not there or cannot be replayed; nothing was done.
    """
    async with changing(file) as change:
        transaction = change.transaction
        entries, segments = await _chosen(transaction, choice)
        hopeless = {one: await _hopeless(transaction, one) for one in entries}
        stuck = {one: _damaged(one) for one in segments}
        skipped = [why for why in (*hopeless.values(), *stuck.values()) if why]
        if skipped and not choice.everything:
            raise OutboxError("; ".join(skipped[:_TOLD]))
        entries = [one for one in entries if not hopeless[one]]
        segments = [one for one in segments if not stuck[one]]
        for one in entries:
            if one.tier != "rejected":  # one by one: so the file hardly grows
                await transaction.run(_JUDGE_AGAIN, [(one.id,)])
                await transaction.run(_DELETE, [(one.id,)])
        rejected = [one for one in entries if one.tier == "rejected"]
        await _send_again(change, rejected)
        for aside in segments:
            await back_in_line(change, id_=aside.id)
    return _done(entries, segments, skipped=skipped)


async def discard(file: OutboxFile, *, choice: Choice) -> Done:
    """Delete entries, counting them, and segments, declaring their loss.

    Raises:
        OutboxError: Something that was named is not there; nothing was done.
    """
    async with changing(file) as change:
        transaction = change.transaction
        entries, segments = await _chosen(transaction, choice)
        if entries:
            await transaction.run(_DELETE, [(one.id,) for one in entries])
            await transaction.run(_COUNT, [(len(entries),)])
        for one in segments:
            await delete_aside(change, id_=one.id)
        now_us = time.time_ns() // 1000
        reason = LossReason.DISCARDED
        losses = [loss_of(one, reason=reason, now_us=now_us) for one in segments if not one.lost]
        await Declarer().declare(change, losses=losses, now_us=now_us)
    return _done(entries, segments, skipped=[])


async def _chosen(transaction: Transaction, choice: Choice) -> tuple[list[_Head], list[Aside]]:
    if choice.everything:
        where, text = "instr(reason, ?) > 0", (choice.containing,)
        rows = await transaction.read(_HEADS.format(where), text)
        found = await asides(transaction, where=where, parameters=text)
        return [_Head(*row) for row in rows], found[::-1]
    entries: list[_Head] = []
    for id_ in dict.fromkeys(choice.entries):
        rows = await transaction.read(_HEADS.format("id = ?"), (id_,))
        if not rows:
            raise OutboxError(missing(str(id_)))
        entries += [_Head(*row) for row in rows]
    segments: list[Aside] = []
    for id_ in dict.fromkeys(choice.segments):
        found = await asides(transaction, where="id = ?", parameters=(id_,))
        if not found:
            raise OutboxError(missing(f"s{id_}"))
        segments += found
    return entries, segments


def missing(id_: str) -> str:
    """Say that there is nothing with an id."""
    kind = "segment is set aside" if id_.startswith("s") else "entry of the quarantine is there"
    return f"no {kind} with id {id_}; `edge-agent quarantine list` lists them"


async def _hopeless(transaction: Transaction, one: _Head) -> str:
    """Say why an entry cannot be replayed; nothing if it can."""
    if one.kept_bytes < one.payload_bytes:
        return (
            f"{one.id} cannot be replayed: only {one.kept_bytes} of its {one.payload_bytes} bytes "
            "are kept"
        )
    if one.tier != "rejected":
        return ""
    [(payload,)] = await transaction.read(_PAYLOAD, (one.id,))
    try:
        table_of(one.topic.removeprefix(REJECTED_TOPIC), lines=payload)
    except InvalidSegmentError as error:
        return f"{one.id} cannot be replayed: {error}"
    return ""


def _damaged(one: Aside) -> str:
    return f"s{one.id} cannot be replayed: it is damaged and declared lost" if one.lost else ""


async def _send_again(change: Change, entries: Sequence[_Head]) -> None:
    """Make segments of rejected rows, under a stream of their own; their entries go."""
    transaction, now_us = change.transaction, time.time_ns() // 1000
    stream, lines = uuid4(), dict[str, list[bytes]]()
    for one in entries:
        [(payload,)] = await transaction.read(_PAYLOAD, (one.id,))
        lines.setdefault(one.topic.removeprefix(REJECTED_TOPIC), []).extend(payload.split(b"\n"))
    parts = [
        (table, b"\n".join(rows[at : at + _ROWS_AT_ONCE]))
        for table, rows in lines.items()
        for at in range(0, len(rows), _ROWS_AT_ONCE)
    ]
    for seq, (table, rows) in enumerate(parts):
        sealed = seal(Segment(stream, seq, seq, {table: table_of(table, lines=rows)}))
        await insert(transaction, segments=[sealed], now_us=now_us)
        change.totals.of(sealed.kind).add(1, sealed.rows, sealed.readings, len(sealed.body))
    await transaction.run(_DELETE, [(one.id,) for one in entries])


def _done(entries: Sequence[_Head], segments: Sequence[Aside], *, skipped: list[str]) -> Done:
    readings, rows = sum(one.readings for one in entries), sum(one.rows for one in segments)
    return Done(entries=len(entries), segments=len(segments), rows=readings + rows, skipped=skipped)
