"""What was not stored: kept, bounded and counted."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from edge_agent.entries import Entry
from edge_agent.errors import OutboxFullError
from edge_agent.outbox.file import OutboxFile, Row

MAX_ENTRIES: Final = 20_000
MAX_BYTES: Final = 33_554_432
"""Of all payloads kept, whatever the outbox's size."""

_COLUMNS: Final = "tier, reason, topic, payload, payload_bytes, readings, received_us"
_INSERT: Final = f"INSERT INTO quarantine ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_COUNT: Final = (
    "INSERT INTO state VALUES ('quarantine_dropped', ?) "
    "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
)
_OLDEST: Final = "SELECT id, length(payload) FROM quarantine ORDER BY id LIMIT ?"
_BATCH: Final = 500


class Quarantine:
    """Keeps entries on disk; beyond its bounds the oldest go, and are counted."""

    def __init__(self, file: OutboxFile, *, max_bytes: int, max_entries: int = MAX_ENTRIES) -> None:
        self._file = file
        self._max_entries = max_entries
        self._max_bytes = min(max_bytes, MAX_BYTES)
        self.entries = 0
        """Entries on disk."""
        self.size_bytes = 0
        """Bytes of their payloads."""
        self.dropped = 0
        """Entries dropped for the bounds, ever."""

    async def load(self) -> None:
        """Count what an earlier run left."""
        [(self.entries, self.size_bytes)] = await self._file.read(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM quarantine"
        )
        for (dropped,) in await self._file.read(
            "SELECT value FROM state WHERE name = 'quarantine_dropped'"
        ):
            self.dropped = int(dropped)
        await self._trim()

    async def put(self, entries: Sequence[Entry]) -> None:
        """Add entries, durably.

        Raises:
            OutboxFullError: There is no room for them.
        """
        if not entries:
            return
        rows = [
            (e.tier, e.reason, e.topic, e.payload, e.payload_bytes, e.readings, e.received_us)
            for e in entries
        ]
        await self._file.write((_INSERT, rows))
        self.entries += len(entries)
        self.size_bytes += sum(len(entry.payload) for entry in entries)
        await self._trim()

    async def _trim(self) -> None:
        # On a full disk the next `put` tries again: what was added is safe and not to be repeated.
        with suppress(OutboxFullError):
            while self.entries > self._max_entries or self.size_bytes > self._max_bytes:
                await self._drop_oldest()

    async def _drop_oldest(self) -> None:
        oldest = await self._file.read(_OLDEST, (_BATCH,))
        sizes = [size for _, size in oldest]
        doomed: list[Row] = []
        entries, size_bytes = self.entries, self.size_bytes
        for id_, size in oldest:
            if entries <= self._max_entries and size_bytes <= self._max_bytes:
                break
            doomed.append((id_,))
            entries -= 1
            size_bytes -= size
        await self._file.write(
            ("DELETE FROM quarantine WHERE id = ?", doomed), (_COUNT, [(len(doomed),)])
        )
        self.entries -= len(doomed)  # not as they were above: they may have been counted anew
        self.size_bytes -= sum(sizes[: len(doomed)])
        self.dropped += len(doomed)


class Kept:
    """An entry as it is listed: its id, and what `Entry` says."""

    __slots__ = ("entry", "id")

    def __init__(self, id_: int, entry: Entry) -> None:
        self.id = id_
        """Grows with time."""
        self.entry = entry
        """What was kept."""


async def listed(file: OutboxFile, *, limit: int) -> list[Kept]:
    """Return the newest entries, newest first."""
    sql = f"SELECT id, {_COLUMNS} FROM quarantine ORDER BY id DESC LIMIT ?"
    return [_kept(row) for row in await file.read(sql, (limit,))]


async def one(file: OutboxFile, *, id_: int) -> Kept | None:
    """Return the entry with an id, if there is one."""
    sql = f"SELECT id, {_COLUMNS} FROM quarantine WHERE id = ?"
    rows = await file.read(sql, (id_,))
    return _kept(rows[0]) if rows else None


def _kept(row: Row) -> Kept:
    names = _COLUMNS.split(", ")
    return Kept(row[0], Entry(**dict(zip(names, row[1:], strict=True))))
