"""The outbox file: aiosqlite is used in this folder and nowhere else."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiosqlite

from edge_agent.errors import OutboxError, OutboxFullError
from edge_agent.outbox.upgrade import schema, upgrade

SCHEMA_VERSION: Final = 2
PAGE_BYTES: Final = 4096

_BUSY_SECONDS: Final = 10.0

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Row]]
"""SQL, and one row of parameters for each time it is run."""


class OutboxFile:
    """One SQLite connection; every write is one transaction, safe on disk when it returns."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._writing = asyncio.Lock()

    async def write(self, *statements: Statement) -> None:
        """Run statements in one transaction, durably.

        Raises:
            OutboxFullError: There is no room; nothing was changed.
            OutboxError: The file cannot be written; nothing was changed.
        """
        async with self._writing:
            with _errors():
                try:
                    for sql, rows in statements:
                        await self._connection.executemany(sql, rows)
                    await self._connection.commit()
                except BaseException:
                    await self._connection.rollback()
                    raise

    async def read(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return all rows of a query.

        Raises:
            OutboxError: The file cannot be read.
        """
        with _errors():
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]


@asynccontextmanager
async def open_file(path: Path, *, max_bytes: int) -> AsyncIterator[OutboxFile]:
    """Open the outbox, making it if there is none; only one program may have it open so.

    Args:
        path: The SQLite file.
        max_bytes: How large it may grow.

    Raises:
        OutboxError: Another program has it, it is damaged, of a newer version, or unreachable.
    """
    with _locked(path):
        async with _connected(path) as connection:
            with _errors(path):
                await _prepare(connection, path=path, max_bytes=max_bytes)
            yield OutboxFile(connection)


@asynccontextmanager
async def read_file(path: Path) -> AsyncIterator[OutboxFile]:
    """Open the outbox for reading only, beside a running agent.

    Raises:
        OutboxError: There is none, or it cannot be read.
    """
    async with _connected(path, mode="ro") as connection:
        with _errors(path):
            await _check_version(connection, path=path)
        yield OutboxFile(connection)


@asynccontextmanager
async def _connected(path: Path, *, mode: str = "rw") -> AsyncIterator[aiosqlite.Connection]:
    address = f"file:{quote(str(path))}?mode={mode}"
    with _errors(path):
        connection = await aiosqlite.connect(address, uri=True, timeout=_BUSY_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def _prepare(connection: aiosqlite.Connection, *, path: Path, max_bytes: int) -> None:
    version = await _check_version(connection, path=path)  # before anything that writes
    await connection.execute("PRAGMA journal_mode = WAL")
    await connection.execute("PRAGMA synchronous = FULL")
    await connection.execute(f"PRAGMA max_page_count = {max_bytes // PAGE_BYTES}")
    if version < SCHEMA_VERSION:
        await connection.execute("BEGIN IMMEDIATE")
        if version == 0:
            for statement in schema():
                await connection.execute(statement)
        else:
            await upgrade(connection)
        await connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        await connection.commit()


async def _check_version(connection: aiosqlite.Connection, *, path: Path) -> int:
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"{path} is of version {version}, this agent knows up to {SCHEMA_VERSION}; "
            "install the agent that wrote it, or a newer one"
        )
    return int(version)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it readable
    except OSError as error:
        raise OutboxError(f"cannot use {path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise OutboxError(f"another agent is using {path}") from error
    finally:
        os.close(handle)


@contextmanager
def _errors(path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        where = f" {path}" if path else ""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is above only refines it
        if code == sqlite3.SQLITE_FULL:
            raise OutboxFullError("there is no room left") from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise OutboxError(
                f"outbox{where} is damaged ({error}): move it, and the -wal and -shm files beside "
                "it, away and start again; what it held and was not yet sent is lost from here"
            ) from error
        raise OutboxError(f"outbox{where}: {error}") from error
