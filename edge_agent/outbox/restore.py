"""Takes over at once what a damaged outbox kept by name; the rest has time."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

from edge_agent.errors import OutboxError
from edge_agent.outbox.sqlite import connected, mapped_errors, written

_TOTALS: Final = "totals"


def restore_state(path: Path, *, aside: Path) -> None:
    """Take over what a damaged file kept by name, before anybody asks for it.

    Args:
        path: The outbox in use, which has its tables.
        aside: The damaged file.

    Raises:
        OutboxError: The outbox in use cannot be written.
    """
    found: dict[str, bytes] = {}
    with (
        contextlib.suppress(OutboxError, sqlite3.Error),
        connected(aside, mode="ro") as damaged,
    ):
        found |= damaged.execute("SELECT name, value FROM state").fetchall()
    aside.with_name(f"{aside.name}-shm").unlink(missing_ok=True)
    found[_TOTALS] = _only_losses(found.get(_TOTALS, b""))
    with mapped_errors(path), connected(path) as connection, written(connection):
        connection.executemany("INSERT OR IGNORE INTO state VALUES (?, ?)", list(found.items()))


def _only_losses(totals: bytes) -> bytes:
    """Return totals of a new file: nothing is in it, but what was ever lost stays lost."""
    try:
        lost = msgspec.json.decode(totals, type=dict[str, Any]).get("lost", {})
    except (msgspec.MsgspecError, UnicodeDecodeError):
        lost = {}
    return msgspec.json.encode({"lost": lost})
