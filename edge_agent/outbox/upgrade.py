"""Brings an outbox file of an earlier version forward; what it holds stays, every byte of it."""

from importlib.resources import files
from typing import Any, Final
from uuid import UUID
from zlib import crc32

import aiosqlite

from edge_agent.sealed import Key, Kind, Sealed, sealed_of
from shared.errors import InvalidSegmentError
from shared.segments import decode

_BATCH: Final = 200
_TABLES: Final = ("segment", "set_aside", "quarantine", "state")
_SEGMENTS: Final = "SELECT stream, first_seq, last_seq, rows, body, created_us FROM old_segment"
_SET_ASIDE: Final = (
    "SELECT stream, first_seq, last_seq, rows, body, set_aside_us, reason FROM old_set_aside"
)


def schema() -> list[str]:
    """Return the statements that make an empty outbox of the current version."""
    text = files("edge_agent.outbox").joinpath("schema.sql").read_text("utf-8")
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    return [statement for statement in code.split(";") if statement.strip()]


async def upgrade(connection: aiosqlite.Connection) -> None:
    """Bring a file of version 1 to version 2, in the transaction the caller has begun.

    Version 1 knew neither what is urgent nor when its rows are from; the bodies do.
    """
    for table in _TABLES:
        await connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in schema():
        await connection.execute(statement)
    await _copy(connection, query=_SEGMENTS, into="segment", extra="")
    await _copy(connection, query=_SET_ASIDE, into="set_aside", extra=", set_aside_us, reason")
    for table in ("quarantine", "state"):
        await connection.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")
    for table in _TABLES:
        await connection.execute(f"DROP TABLE old_{table}")


async def _copy(connection: aiosqlite.Connection, *, query: str, into: str, extra: str) -> None:
    insert = (
        f"INSERT INTO {into} (stream, first_seq, last_seq, kind, rows, readings, from_us, to_us, "
        f"body, created_us, checksum{extra}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        f"{', ?, ?' * bool(extra)})"
    )
    async with connection.execute(f"{query} ORDER BY id") as cursor:
        while rows := list(await cursor.fetchmany(_BATCH)):
            await connection.executemany(insert, [_upgraded(*row) for row in rows])


def _upgraded(
    stream: bytes, first_seq: int, last_seq: int, rows: int, body: bytes, moment: int, *reason: str
) -> tuple[Any, ...]:
    key = Key(UUID(bytes=stream), first_seq)
    try:
        sealed = sealed_of(decode(body), body=body)
    except InvalidSegmentError:
        # Kept as it is: it is sent like all others, and set aside when the collector refuses it.
        sealed = Sealed(key, last_seq, Kind.BULK, rows, rows, moment, moment, body)
    extra = (moment, *reason) if reason else ()  # when it was set aside is all that is known
    row = (stream, first_seq, last_seq, int(sealed.kind), *sealed[3:8], moment, crc32(body))
    return (*row, *extra)
