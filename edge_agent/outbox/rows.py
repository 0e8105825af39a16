"""Rows of the table `segment`: what a segment is on disk, and how it gets there and off again."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zlib import crc32

from edge_agent.errors import OutboxDamagedError
from edge_agent.outbox.file import Row, Transaction
from edge_agent.outbox.sqlite import stream_of
from edge_agent.outbox.totals import Change
from edge_agent.sealed import Key, Kind, Sealed

SEALED: Final = (
    "stream, first_seq, last_seq, kind, rows, readings, from_us, to_us, body, boot, offset_us"
)
"""The columns of a `Sealed`, in order; see `sealed_of_row`."""

_AT_ONCE: Final = 128
_INSERTED: Final = f"id, {SEALED}, checksum, created_us"
_INSERT: Final = f"INSERT INTO segment ({_INSERTED}) VALUES (:{_INSERTED.replace(', ', ', :')})"
_LAST_ID: Final = "SELECT coalesce(max(id), 0) FROM segment"
_SIZES: Final = "SELECT kind, rows, readings, length(body) FROM segment WHERE id IN ({})"
_DELETE: Final = "DELETE FROM segment WHERE id = ?"


def row_of(sealed: Sealed) -> dict[str, Any]:
    """Return what a segment itself says of its row: all but its id and its circumstances."""
    return {
        "kind": int(sealed.kind),
        "stream": sealed.key.stream.bytes,
        "first_seq": sealed.key.first_seq,
        "last_seq": sealed.last_seq,
        "rows": sealed.rows,
        "readings": sealed.readings,
        "from_us": sealed.from_us,
        "to_us": sealed.to_us,
        "checksum": crc32(sealed.body),
        "body": sealed.body,
    }


def sealed_of_row(row: Row) -> Sealed:
    """Return the segment a row holds.

    Args:
        row: The columns `SEALED`.

    Raises:
        OutboxDamagedError: It holds none: SQLite does not notice damage within a row.
    """
    stream, first_seq, last_seq, kind, *others = row
    if kind not in tuple(Kind):
        raise OutboxDamagedError(f"the outbox is damaged: a row has the kind {kind!r}")
    return Sealed(Key(stream_of(stream), first_seq), last_seq, Kind(kind), *others)


def insertion(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the statement that adds a row to any table, and its parameters.

    A row that is there stays as it is.
    """
    marks = ", ".join("?" * len(row))
    return f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()]


async def insert(transaction: Transaction, *, segments: Sequence[Sealed], now_us: int) -> list[int]:
    """Put segments at the end of the line, uncounted; return their ids."""
    [(last,)] = await transaction.read(_LAST_ID)
    ids = list(range(last + 1, last + 1 + len(segments)))
    rows = [
        row_of(one)
        | {"id": id_, "boot": one.boot, "offset_us": one.offset_us, "created_us": now_us}
        for id_, one in zip(ids, segments, strict=True)
    ]
    await transaction.run(_INSERT, rows)
    return ids


async def add(change: Change, *, segments: Sequence[Sealed], now_us: int) -> list[int]:
    """Put segments at the end of the line, and into the totals; return their ids."""
    ids = await insert(change.transaction, segments=segments, now_us=now_us)
    for one in segments:
        change.totals.of(one.kind).add(1, one.rows, one.readings, len(one.body))
    return ids


async def delete(change: Change, *, ids: Sequence[int]) -> None:
    """Take segments off, and out of the totals."""
    for start in range(0, len(ids), _AT_ONCE):
        part = tuple(ids[start : start + _AT_ONCE])
        found = await change.transaction.read(_SIZES.format(", ".join("?" * len(part))), part)
        for kind, rows, readings, size in found:
            change.totals.of(kind).add(-1, -rows, -readings, -size)
        await change.transaction.run(_DELETE, [(id_,) for id_ in part])
