"""The room an outbox takes beside its file: SQLite's log, and as much again in reserve.

The log is worked off into the file by the transaction that makes it as long as it may be, and then
written from its start again; with a transaction as long as that, it is twice as long at most. On a
disk that fills up before, neither log nor file could grow: so the reserve is given up for that, and
until the disk has room for another one, the file stays as large as it is. What is in the log can
then always be worked off: receipts are noted and losses declared without one free byte.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

import aiosqlite

from edge_agent.outbox.disk import free_bytes

_LARGEST_LOG_BYTES: Final = 8_388_608
_SMALLEST_LOG_BYTES: Final = 262_144
_SHARE: Final = 64  # the log may be so small a part of the outbox, and of what its disk has free
_LOGS: Final = 4  # a log of twice its size, and the reserve


def file_bytes(max_bytes: int) -> int:
    """Return how large the file itself may grow of what an outbox may take with all beside it."""
    return max(max_bytes - _LOGS * _log_bytes(max_bytes), max_bytes // 2)


def _log_bytes(room_bytes: int) -> int:
    return max(_SMALLEST_LOG_BYTES, min(_LARGEST_LOG_BYTES, room_bytes // _SHARE))


class Room:
    """Bounds what an outbox takes on disk; `make` is for when there is none."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        """Work out the sizes.

        Args:
            path: The SQLite file.
            max_bytes: How large it may grow, with all that is beside it.
        """
        self._path = path
        self._reserve = path.with_name(f"{path.name}-reserve")
        self._file_bytes = file_bytes(max_bytes)
        self._log_bytes = _log_bytes(min(max_bytes, free_bytes(path)))
        self._reserve_bytes = 2 * self._log_bytes
        self._bounded_by_disk = False

    def give_up_reserve(self) -> bool:
        """Let the disk have the reserve if it is full; tell whether it is."""
        full = free_bytes(self._path) < _SMALLEST_LOG_BYTES
        if full:
            self._remove_reserve()
        return full

    async def bound(self, connection: aiosqlite.Connection) -> None:
        """Set the limits of a connection: for the file now, or not beyond what it is.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        [(page_bytes,)] = await connection.execute_fetchall("PRAGMA page_size")
        self._bounded_by_disk = not self._has_reserve()
        pages = 1 if self._bounded_by_disk else self._file_bytes // page_bytes  # 1: as many as now
        await connection.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        await connection.execute_fetchall(
            f"PRAGMA wal_autocheckpoint = {self._log_bytes // page_bytes}"
        )
        await connection.execute_fetchall(f"PRAGMA journal_size_limit = {2 * self._log_bytes}")

    async def make(self, connection: aiosqlite.Connection) -> None:
        """After a write found none: work the log off, if it is the disk that is full."""
        if self.give_up_reserve():
            with contextlib.suppress(sqlite3.Error):  # found none again: the next write tells
                await connection.execute_fetchall("PRAGMA wal_checkpoint(RESTART)")
                await self.bound(connection)

    async def regain(self, connection: aiosqlite.Connection) -> None:
        """Let the file grow again once the disk has room for the reserve.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        if self._bounded_by_disk:
            await self.bound(connection)

    def _has_reserve(self) -> bool:
        """Tell whether there is a reserve, making it if there is room for two of them."""
        if self._reserve.exists():
            return True
        if free_bytes(self._path) < 2 * self._reserve_bytes:
            return False
        try:
            with self._reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._reserve_bytes)
        except OSError:
            self._remove_reserve()
            return False
        return True

    def _remove_reserve(self) -> None:
        with contextlib.suppress(OSError):  # a disk that takes no writes
            self._reserve.unlink(missing_ok=True)
