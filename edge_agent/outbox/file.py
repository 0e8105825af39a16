"""The outbox file, opened: what the rest of this folder reads and writes it by."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiosqlite

from edge_agent.outbox.room import Room
from edge_agent.outbox.sqlite import mapped_errors

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Row]]
"""SQL, and one row of parameters for each time it is run."""


class Transaction:
    """What is read and written together, or not at all."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, rows: Sequence[Row | Mapping[str, Any]] = ((),)) -> None:
        """Run a statement once for each row of parameters, by their places or by their names."""
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

    def __init__(
        self, connection: aiosqlite.Connection, *, path: Path, room: Room | None = None
    ) -> None:
        self._connection, self._room = connection, room
        self._lock = asyncio.Lock()
        self._seen_version = 0
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
                    if self._room:
                        await self._room.make(self._connection)
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
                await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")

    async def regain_room(self) -> None:
        """Let the file grow again if the disk was full and is not any more.

        Raises:
            OutboxError: The file cannot be read.
        """
        async with self._lock:
            with mapped_errors(self.path):
                if self._room:
                    await self._room.regain(self._connection)

    async def changed_elsewhere(self) -> bool:
        """Tell whether another connection has committed since the last call; it costs no disk.

        Raises:
            OutboxError: The file cannot be read.
        """
        before = self._seen_version
        [(self._seen_version,)] = await self.read("PRAGMA data_version")
        return self._seen_version != before

    def look_anew(self) -> None:
        """Have the next `changed_elsewhere` say so."""
        self._seen_version = -1
