"""Segments set aside, refused by the collector or damaged: out of the line, and back into it."""

from typing import Final, Protocol
from uuid import UUID

import msgspec

from edge_agent.outbox.file import Row
from edge_agent.outbox.totals import Change
from edge_agent.sealed import Sealed
from shared.losses import Loss, LossReason

_LINE: Final = (
    "stream, first_seq, last_seq, kind, rows, readings, from_us, to_us, created_us, thinned, "
    "boot, offset_us, checksum, body"
)
_OUT: Final = (
    f"INSERT INTO set_aside ({_LINE}, set_aside_us, reason, lost) "
    f"SELECT {_LINE}, ?, ?, ? FROM segment WHERE id = ?"
)
_BACK: Final = (
    f"INSERT INTO segment (id, {_LINE}) "
    f"SELECT (SELECT coalesce(max(id), 0) + 1 FROM segment), {_LINE} FROM set_aside WHERE id = ?"
)
_SIZES: Final = "SELECT kind, rows, readings, length(body) FROM {} WHERE id = ?"
_FIELDS: Final = (
    "id, stream, first_seq, last_seq, rows, readings, from_us, to_us, set_aside_us, reason, lost, "
    "length(body)"
)


class Aside(msgspec.Struct, frozen=True):
    """A segment that is set aside, without its body."""

    id: int
    """Grows with time."""
    stream: UUID
    """The stream it is of,"""
    first_seq: int
    """from which flush,"""
    last_seq: int
    """to which, inclusive."""
    rows: int
    """Rows of all its tables."""
    readings: int
    """Rows of its readings."""
    from_us: int
    """The earliest time of a row, microseconds since 1970-01-01 UTC."""
    to_us: int
    """The latest."""
    set_aside_us: int
    """When it was set aside, microseconds since 1970-01-01 UTC."""
    reason: str
    """Why."""
    lost: bool
    """Whether it is damaged: its loss is declared, and it cannot go back."""
    body_bytes: int
    """Bytes of its body."""


class Reads(Protocol):
    """An outbox file, or a transaction on one."""

    async def read(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return all rows of a query."""


async def out_of_line(
    change: Change, *, id_: int, reason: str, now_us: int, lost: bool = False
) -> None:
    """Set a segment on disk aside.

    Args:
        change: The transaction in which that is done.
        id_: Which segment, by its place in the line.
        reason: Why.
        now_us: Microseconds since 1970-01-01 UTC.
        lost: Whether it is damaged; then the caller declares its loss with it.
    """
    transaction, totals = change.transaction, change.totals
    for kind, *sizes in await transaction.read(_SIZES.format("segment"), (id_,)):
        totals.of(kind).add(*(-size for size in (1, *sizes)))
        totals.set_aside.add(1, *sizes)
    await transaction.run(_OUT, [(now_us, reason, int(lost), id_)])
    await transaction.run("DELETE FROM segment WHERE id = ?", [(id_,)])


async def back_in_line(change: Change, *, id_: int) -> None:
    """Put a segment that is set aside to the end of the line, otherwise as it was."""
    transaction = change.transaction
    for kind, *sizes in await transaction.read(_SIZES.format("set_aside"), (id_,)):
        change.totals.of(kind).add(1, *sizes)
    await transaction.run(_BACK, [(id_,)])
    await delete_aside(change, id_=id_)


async def delete_aside(change: Change, *, id_: int) -> None:
    """Delete a segment that is set aside."""
    transaction = change.transaction
    for _, *sizes in await transaction.read(_SIZES.format("set_aside"), (id_,)):
        change.totals.set_aside.add(*(-size for size in (1, *sizes)))
    await transaction.run("DELETE FROM set_aside WHERE id = ?", [(id_,)])


def loss_of(one: Aside | Sealed, *, reason: LossReason, now_us: int) -> Loss:
    """Return the loss of a segment that will not arrive."""
    stream, first_seq = one.key if isinstance(one, Sealed) else (one.stream, one.first_seq)
    return Loss(
        stream=stream,
        first_seq=first_seq,
        last_seq=one.last_seq,
        rows=one.rows,
        from_us=one.from_us,
        to_us=one.to_us,
        reason=reason,
        declared_us=now_us,
    )


async def asides(
    file: Reads, *, where: str = "1", parameters: Row = (), limit: int = -1
) -> list[Aside]:
    """Return segments that are set aside, newest first.

    Args:
        file: Where.
        where: A condition in SQL.
        parameters: Those of the condition.
        limit: How many at most; -1 means all.
    """
    sql = f"SELECT {_FIELDS} FROM set_aside WHERE {where} ORDER BY id DESC LIMIT ?"
    return [_aside(row) for row in await file.read(sql, (*parameters, limit))]


async def body_of(file: Reads, *, id_: int) -> bytes:
    """Return the body of a segment that is set aside; empty if there is none."""
    rows = await file.read("SELECT body FROM set_aside WHERE id = ?", (id_,))
    return bytes(rows[0][0]) if rows else b""


def _aside(row: Row) -> Aside:
    columns = dict(zip(Aside.__struct_fields__, row, strict=True))
    columns |= {"stream": UUID(bytes=columns["stream"]), "lost": bool(columns["lost"])}
    return Aside(**columns)
