"""The segments that are held, because a clock that was not trusted dated them."""

import asyncio
from collections.abc import Callable
from typing import Final
from zlib import crc32

from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.rows import SEALED, sealed_of_row
from edge_agent.outbox.shelf import Shelf
from edge_agent.outbox.waiting import Waiting
from edge_agent.sealed import Sealed

AT_ONCE: Final = 16
"""Segments changed in one transaction; merged ones have some 50,000 rows each."""

_MAY_GO: Final = "FROM segment WHERE boot IS NOT NULL AND (? OR boot <> ?)"
_ANY: Final = f"SELECT EXISTS (SELECT 1 {_MAY_GO})"
_LIST: Final = f"SELECT id, checksum, {SEALED} {_MAY_GO} ORDER BY id LIMIT {AT_ONCE}"
_RELEASE: Final = (
    "UPDATE segment SET boot = NULL, offset_us = NULL, from_us = ?, to_us = ?, "
    "created_us = created_us + ?, checksum = ?, body = ? WHERE id = ?"
)
_COUNT: Final = "SELECT count(*) FROM segment WHERE boot IS NOT NULL"

Dated = Callable[[Sealed], Sealed]
"""Dates a held segment anew, or flags it; what it returns may go."""


class Undated:
    """What is held, in memory and on disk; it is changed and let go in its place.

    Args:
        file: The outbox file.
        shelf: What is on disk.
        waiting: What is in memory.
        moving: Held while segments move from memory to disk.
    """

    def __init__(
        self, file: OutboxFile, *, shelf: Shelf, waiting: Waiting, moving: asyncio.Lock
    ) -> None:
        self._file = file
        self._shelf = shelf
        self._waiting = waiting
        self._moving = moving
        self.segments = 0
        """How many segments are held, when last counted."""

    async def count(self) -> None:
        """Count the segments that are held."""
        [(on_disk,)] = await self._file.read(_COUNT)
        self.segments = on_disk + len(self._waiting.held())

    async def release(self, *, boot: bytes, this_boot_too: bool, dated: Dated) -> int:
        """Let some segments go, oldest first, in one transaction.

        Args:
            boot: The boot of this computer.
            this_boot_too: Whether to release what was dated in this boot; else only what is older.
            dated: What becomes of each.

        Returns:
            How many; 0 when there are no more.

        Raises:
            OutboxFullError: There is no room for them as they would be.
        """
        async with self._moving:
            here = self._waiting.held() if this_boot_too else []
            for one in here:
                self._waiting.replace(dated(one))
            found = await self._file.read(_ANY, (this_boot_too, boot))
            there = await self._release((this_boot_too, boot), dated) if found[0][0] else 0
        return len(here) + there

    async def _release(self, which: Row, dated: Dated) -> int:
        async with self._shelf.changing() as change:
            found = await change.transaction.read(_LIST, which)
            before = [sealed_of_row(tuple(row)) for _, _, *row in found]
            after = await asyncio.to_thread(lambda: [dated(one) for one in before])
            rows = []
            for (id_, checksum, *_), old, new in zip(found, before, after, strict=True):
                if crc32(old.body) != checksum:  # it is set aside when its turn comes
                    rows.append((old.from_us, old.to_us, 0, checksum, old.body, id_))
                    continue
                change.totals.of(old.kind).size_bytes += len(new.body) - len(old.body)
                moved_us = new.from_us - old.from_us
                rows.append((new.from_us, new.to_us, moved_us, crc32(new.body), new.body, id_))
            await change.transaction.run(_RELEASE, rows)
        return len(before)
