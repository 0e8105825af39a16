"""The table `state`: what must survive a restart, by name."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from edge_agent.errors import OutboxError
from edge_agent.outbox.beside import refuse_damage
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.named import named_in_log
from edge_agent.outbox.sqlite import connected, mapped_errors, written

TOTALS: Final = "totals"
"""The name of `edge_agent.outbox.totals.Totals`, as JSON."""
RUNS: Final = "runs"
"""The name of what is known of a file's runs; it is of that file and no other."""
REMEMBER: Final = "INSERT OR REPLACE INTO state VALUES (?, ?)"
"""Keeps a value under a name."""
RECALL: Final = "SELECT value FROM state WHERE name = ?"
"""Finds it."""


class State:
    """Values by name."""

    def __init__(self, file: OutboxFile) -> None:
        self._file = file

    async def remember(self, name: str, *, value: bytes) -> None:
        """Keep a value across restarts.

        Raises:
            OutboxFullError: There is no room for it.
        """
        await self.remember_all({name: value})

    async def remember_all(self, values: Mapping[str, bytes]) -> None:
        """Keep values across restarts, all or none.

        Raises:
            OutboxFullError: There is no room for them.
        """
        await self._file.write((REMEMBER, list(values.items())))

    async def recall(self, name: str) -> bytes | None:
        """Return what was last remembered under a name."""
        rows = await self._file.read(RECALL, (name,))
        return rows[0][0] if rows else None

    async def recall_all(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return what was last remembered under each of some names that were used."""
        found = {name: await self.recall(name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


def recall_from(path: Path, name: str) -> bytes | None:
    """Return what was last remembered under a name, beside an agent that may be running.

    Raises:
        OutboxError: The file cannot be read, or is damaged.
    """
    refuse_damage(path)
    with connected(path, mode="ro") as connection:
        rows = connection.execute(RECALL, (name,)).fetchall()
    return rows[0][0] if rows else None


def restore_state(path: Path, *, aside: Path) -> None:
    """Take over what a damaged file kept by name, before anybody asks for it.

    Args:
        path: The outbox in use, which has its tables.
        aside: The damaged file.

    Raises:
        OutboxError: The outbox in use cannot be written.
    """
    found = {} if _is_empty(aside) else _kept_in(aside)
    if not found:
        with contextlib.suppress(OSError):
            found = named_in_log(aside)
    # Nobody knows how far a stream went whose end is damaged: the new file vouches for none.
    found.pop(RUNS, None)
    found[TOTALS] = _only_losses(found.get(TOTALS, b""))
    with mapped_errors(path), connected(path) as connection, written(connection):
        connection.executemany("INSERT OR IGNORE INTO state VALUES (?, ?)", list(found.items()))


def _is_empty(aside: Path) -> bool:
    """Tell whether nothing is in a file; opening it, SQLite would drop the log beside it."""
    return not aside.exists() or not aside.stat().st_size


def _kept_in(aside: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with (
        contextlib.suppress(OutboxError, sqlite3.Error, UnicodeDecodeError),
        connected(aside, mode="ro") as damaged,
    ):
        found |= damaged.execute("SELECT name, value FROM state").fetchall()
    aside.with_name(f"{aside.name}-shm").unlink(missing_ok=True)
    return found


def _only_losses(totals: bytes) -> bytes:
    """Return totals of a new file: nothing is in it, but what was ever lost stays lost."""
    try:
        known = msgspec.json.decode(totals, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        known = {}
    return msgspec.json.encode({name: known.get(name, {}) for name in ("lost", "uncounted")})
