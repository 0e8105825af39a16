"""Opening an outbox file: to own it, to change it beside its owner, or only to read it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiosqlite

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.beside import refuse_damage
from edge_agent.outbox.damage import (
    pending,
    put_aside,
    put_aside_if_damaged,
)
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.lock import locked
from edge_agent.outbox.room import Room, file_bytes
from edge_agent.outbox.sqlite import BUSY_SECONDS, disk_error, mapped_errors, marked
from edge_agent.outbox.state import restore_state
from edge_agent.outbox.upgrade import schema, upgrade
from edge_agent.outbox.version import SCHEMA_VERSION, known, refuse_other_version

PAGE_BYTES: Final = 1024
"""Small, for a flush is: `tests/benchmarks/disk_bytes.py` counts half the bytes of 4,096."""

_ORDERED: Final = ("segment", "set_aside", "quarantine", "replay")
_SMALL: Final = (
    "SELECT * FROM state",
    "SELECT count(*) FROM segment INDEXED BY urgent_segment WHERE kind = 0",
    "SELECT count(*) FROM set_aside",
)


@asynccontextmanager
async def open_file(path: Path, *, max_bytes: int) -> AsyncIterator[OutboxFile]:
    """Open the outbox, making it if there is none; only one program may have it open so.

    Args:
        path: The SQLite file.
        max_bytes: How large it may grow, with all that is beside it.

    Raises:
        OutboxError: Another program has it, it is of a newer version, or unreachable.
    """
    with locked(path) as same_boot:
        now = datetime.now(UTC)
        room = Room(path, max_bytes=max_bytes)
        room.give_up_reserve()
        put_aside_if_damaged(path, now=now, same_boot=same_boot)
        try:
            await _try(path, room=room)
        except OutboxDamagedError as error:
            put_aside(path, reason=str(error.__cause__ or error), now=now)
            await _try(path, room=room)
        for aside in pending(path):
            restore_state(path, aside=aside)
        async with _connected(path) as connection:
            with mapped_errors(path):
                await _prepare(connection, path=path, room=room)
            with marked(path):
                yield OutboxFile(connection, path=path, room=room)


@asynccontextmanager
async def read_file(path: Path) -> AsyncIterator[OutboxFile]:
    """Open the outbox for reading only, beside a running agent.

    Raises:
        OutboxError: There is none, or it cannot be read.
        OutboxDamagedError: It is damaged, and no agent runs.
    """
    refuse_damage(path)
    async with _connected(path, mode="ro") as connection:
        with mapped_errors(path):
            await _check_version(connection, path=path)
        yield OutboxFile(connection, path=path)


@asynccontextmanager
async def change_file(path: Path, *, max_bytes: int) -> AsyncIterator[OutboxFile]:
    """Open the outbox for changes, beside a running agent or without one.

    Args:
        path: The SQLite file.
        max_bytes: How large it may grow.

    Raises:
        OutboxError: There is none, it is of another version, or it cannot be used.
        OutboxDamagedError: It is damaged, and no agent runs.
    """
    refuse_damage(path)
    async with _connected(path) as connection:
        refuse_other_version(path)
        with mapped_errors(path):
            [(page_bytes,)] = await connection.execute_fetchall("PRAGMA page_size")
            await connection.execute("PRAGMA synchronous = FULL")
            pages = file_bytes(max_bytes) // page_bytes
            # What answers with a row reads on until it is fetched, and cannot write meanwhile.
            await connection.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        yield OutboxFile(connection, path=path)


@asynccontextmanager
async def _connected(path: Path, *, mode: str = "rw") -> AsyncIterator[aiosqlite.Connection]:
    address = _address(path, mode=mode)
    with mapped_errors(path):
        connection = await aiosqlite.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None
        )
    try:
        yield connection
    finally:
        await connection.close()


def _address(path: Path, *, mode: str) -> str:
    if not path.exists():
        raise OutboxError(f"there is no outbox {path}: the agent has not run here yet")
    return f"file:{quote(str(path))}?mode={mode}"


async def _try(path: Path, *, room: Room) -> None:
    """Make the tables, or look at the ends of each: damage there would stop every start.

    Raises:
        OutboxDamagedError: The file is damaged. That it is not raised says little.
    """
    _make_private(path)
    async with _connected(path) as connection:
        with mapped_errors(path):
            await _prepare(connection, path=path, room=room)
            for table in _ORDERED:
                for order in ("ASC", "DESC"):
                    await connection.execute_fetchall(
                        f"SELECT * FROM {table} ORDER BY id {order} LIMIT 1"
                    )
            for sql in _SMALL:
                await connection.execute_fetchall(sql)


async def _prepare(connection: aiosqlite.Connection, *, path: Path, room: Room) -> None:
    version = await _check_version(connection, path=path)  # before anything that writes
    if version == 0:
        await connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    await connection.execute("PRAGMA synchronous = FULL")
    if version < SCHEMA_VERSION:
        await connection.execute("BEGIN IMMEDIATE")
        if version == 0:
            for statement in schema():
                await connection.execute(statement)
        else:
            await upgrade(connection)
        await connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        await connection.commit()
    await room.bound(connection)


async def _check_version(connection: aiosqlite.Connection, *, path: Path) -> int:
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    return known(version, path=path)


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it readable
    except OSError as error:
        raise disk_error(path, error) from error
