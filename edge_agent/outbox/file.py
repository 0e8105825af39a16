"""The outbox file: aiosqlite is used in this folder and nowhere else."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import aiosqlite

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.damage import pending, put_aside, put_aside_if_damaged
from edge_agent.outbox.lock import locked
from edge_agent.outbox.restore import restore_state
from edge_agent.outbox.sqlite import BUSY_SECONDS, disk_error, mapped_errors, marked
from edge_agent.outbox.upgrade import schema, upgrade

SCHEMA_VERSION: Final = 2
PAGE_BYTES: Final = 1024
"""Small, for a flush is: `tests/benchmarks/disk_bytes.py` counts half the bytes of 4,096."""

_NO_VERSION: Final = 1000  # there will not be so many: who claims it is damaged
_ORDERED: Final = ("segment", "set_aside", "quarantine", "replay")
_SMALL: Final = (
    "SELECT * FROM state",
    "SELECT count(*) FROM segment INDEXED BY urgent_segment WHERE kind = 0",
    "SELECT count(*) FROM set_aside",
)
_LOG_BYTES: Final = 8_388_608  # so much of the log is gathered before it goes into the file

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Row]]
"""SQL, and one row of parameters for each time it is run."""


class Transaction:
    """What is read and written together, or not at all."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, rows: Sequence[Row] = ((),)) -> None:
        """Run a statement once for each row of parameters."""
        await self._connection.executemany(sql, rows)

    async def read(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return all rows of a query."""
        return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]


class Space(NamedTuple):
    """How large the file is."""

    file_bytes: int
    """Of the file, without the log beside it."""
    used_bytes: int
    """Of that, what holds something; the rest is written to before the file grows."""


class OutboxFile:
    """One SQLite connection; every write is one transaction, safe on disk when it returns."""

    def __init__(self, connection: aiosqlite.Connection, *, path: Path) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self.path = path
        """Where it is."""

    @asynccontextmanager
    async def transaction(self, *, reading: bool = False) -> AsyncIterator[Transaction]:
        """Do what is within in one transaction; nobody else reads or writes meanwhile.

        Args:
            reading: Whether it only reads, and so keeps no other program from writing.

        Raises:
            OutboxFullError: There is no room; nothing was changed.
            OutboxError: The file cannot be read or written; nothing was changed.
        """
        async with self._lock:
            with mapped_errors(self.path):
                try:
                    await self._connection.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
                    yield Transaction(self._connection)
                    await self._connection.commit()
                except BaseException:
                    await self._connection.rollback()
                    raise

    async def write(self, *statements: Statement) -> None:
        """Run statements in one transaction, durably.

        Raises:
            OutboxFullError: There is no room; nothing was changed.
            OutboxError: The file cannot be written; nothing was changed.
        """
        async with self.transaction() as transaction:
            for sql, rows in statements:
                await transaction.run(sql, rows)

    async def read(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return all rows of a query.

        Raises:
            OutboxError: The file cannot be read.
        """
        async with self._lock:
            with mapped_errors(self.path):
                return await Transaction(self._connection).read(sql, parameters)

    async def space(self) -> Space:
        """Return how large the file is, without looking through it.

        Raises:
            OutboxError: The file cannot be read.
        """
        page, pages, free = [
            (await self.read(f"PRAGMA {name}"))[0][0]
            for name in ("page_size", "page_count", "freelist_count")
        ]
        return Space(page * pages, page * (pages - free))

    async def shrink(self) -> None:
        """Write the file anew without its free pages; what it holds is written once more.

        Raises:
            OutboxFullError: There is no room for a second copy.
            OutboxError: The file cannot be written, or another program reads it.
        """
        async with self._lock:
            with mapped_errors(self.path):
                await self._connection.execute("VACUUM")
                await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def data_version(self) -> int:
        """Return a number that changes whenever another connection commits; it costs no disk.

        Raises:
            OutboxError: The file cannot be read.
        """
        [(version,)] = await self.read("PRAGMA data_version")
        return int(version)


@asynccontextmanager
async def open_file(path: Path, *, max_bytes: int) -> AsyncIterator[OutboxFile]:
    """Open the outbox, making it if there is none; only one program may have it open so.

    Args:
        path: The SQLite file.
        max_bytes: How large it may grow.

    Raises:
        OutboxError: Another program has it, it is of a newer version, or unreachable.
    """
    with locked(path) as same_boot:
        now = datetime.now(UTC)
        put_aside_if_damaged(path, now=now, same_boot=same_boot)
        try:
            await _try(path, max_bytes=max_bytes)
        except OutboxDamagedError as error:
            put_aside(path, reason=str(error.__cause__ or error), now=now)
            await _try(path, max_bytes=max_bytes)
        for aside in pending(path):
            restore_state(path, aside=aside)
        async with _connected(path) as connection:
            with mapped_errors(path):
                await _prepare(connection, path=path, max_bytes=max_bytes)
            with marked(path):
                yield OutboxFile(connection, path=path)


@asynccontextmanager
async def read_file(path: Path) -> AsyncIterator[OutboxFile]:
    """Open the outbox for reading only, beside a running agent.

    Raises:
        OutboxError: There is none, or it cannot be read.
    """
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
    """
    async with _connected(path) as connection:
        with mapped_errors(path):
            version = await _check_version(connection, path=path)
            if version != SCHEMA_VERSION:
                raise OutboxError(
                    f"{path} is of version {version}, not {SCHEMA_VERSION}: the agent brings it up "
                    "to date when it starts"
                )
            [(page_bytes,)] = await connection.execute_fetchall("PRAGMA page_size")
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute(f"PRAGMA max_page_count = {max_bytes // page_bytes}")
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


async def _try(path: Path, *, max_bytes: int) -> None:
    """Make the tables, or look at the ends of each: damage there would stop every start.

    Raises:
        OutboxDamagedError: The file is damaged. That it is not raised says little.
    """
    _make_private(path)
    async with _connected(path) as connection:
        with mapped_errors(path):
            await _prepare(connection, path=path, max_bytes=max_bytes)
            for table in _ORDERED:
                for order in ("ASC", "DESC"):
                    await connection.execute_fetchall(
                        f"SELECT * FROM {table} ORDER BY id {order} LIMIT 1"
                    )
            for sql in _SMALL:
                await connection.execute_fetchall(sql)


async def _prepare(connection: aiosqlite.Connection, *, path: Path, max_bytes: int) -> None:
    version = await _check_version(connection, path=path)  # before anything that writes
    if version == 0:
        await connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    [(page_bytes,)] = await connection.execute_fetchall("PRAGMA page_size")
    await connection.execute("PRAGMA journal_mode = WAL")
    await connection.execute("PRAGMA synchronous = FULL")
    await connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // page_bytes}")
    await connection.execute(f"PRAGMA journal_size_limit = {2 * _LOG_BYTES}")
    await connection.execute(f"PRAGMA max_page_count = {max_bytes // page_bytes}")
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
    if version > _NO_VERSION:
        raise OutboxDamagedError(f"{path} claims to be of version {version}")
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"{path} is of version {version}, this agent knows up to {SCHEMA_VERSION}; "
            "install the agent that wrote it, or a newer one"
        )
    return int(version)


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it readable
    except OSError as error:
        raise disk_error(path, error) from error
