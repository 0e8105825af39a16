"""What all that use SQLite here share: connections without a loop, and its errors as ours."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID

from edge_agent.errors import OutboxDamagedError, OutboxError, OutboxFullError
from edge_agent.outbox.damage import mark

BUSY_SECONDS: Final = 10.0
_PASSING_NUMBERS: Final = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO})
_UUID_BYTES: Final = 16

_DAMAGED: Final = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
# Sectors that cannot be read are damage; any other trouble of the disk may pass.
_UNREADABLE: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ})
_PASSING: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


@contextmanager
def mapped_errors(path: Path | None = None) -> Iterator[None]:
    """Turn SQLite's errors into ours.

    Args:
        path: The outbox, where that is known.

    Raises:
        OutboxFullError: There is no room, or the disk takes no writes.
        OutboxDamagedError: The file is damaged.
        OutboxError: Anything else.
    """
    where = f" {path}" if path else ""
    try:
        yield
    except UnicodeDecodeError as error:  # what SQLite says quotes the damaged bytes
        raise _damaged(where, "what names its tables is no text") from error
    except sqlite3.Error as error:
        refined = getattr(error, "sqlite_errorcode", 0)
        code = refined & 0xFF  # what is above only refines it
        if code in _DAMAGED or refined in _UNREADABLE:
            raise _damaged(where, str(error)) from error
        if code == sqlite3.SQLITE_FULL:
            raise OutboxFullError("there is no room left") from error
        if code in _PASSING:
            raise OutboxFullError(
                f"the disk of the outbox{where} takes nothing: {error}"
            ) from error
        raise OutboxError(f"outbox{where}: {error}") from error


def _damaged(where: str, why: str) -> OutboxDamagedError:
    return OutboxDamagedError(
        f"the outbox{where} is damaged ({why}): what can be read of it is salvaged when the agent "
        "starts again, or by `edge-agent buffer repair`"
    )


@contextmanager
def marked(path: Path) -> Iterator[None]:
    """Note damage that is met within, for the next opening; only who holds the lock may."""
    try:
        yield
    except OutboxDamagedError as error:
        mark(path, reason=str(error.__cause__ or error))
        raise
    except BaseExceptionGroup as group:
        damage = group.subgroup(OutboxDamagedError)
        if damage is not None:
            mark(path, reason=_first_of(damage))
        raise


@contextmanager
def connected(path: Path, *, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Open a file; transactions are begun and ended by whoever uses it.

    Args:
        path: The outbox.
        mode: ``rw`` or ``ro``.

    Raises:
        OutboxError: It cannot be used.
    """
    address = f"file:{quote(str(path))}?mode={mode}"
    with (
        mapped_errors(path),
        closing(
            sqlite3.connect(
                address,
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        ) as connection,
    ):
        connection.execute("PRAGMA synchronous = FULL")
        yield connection


@contextmanager
def written(connection: sqlite3.Connection) -> Iterator[None]:
    """Do what is within in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def disk_error(path: Path, error: OSError) -> OutboxError:
    """Return our error for one of the system's: some pass, as when a disk has room again."""
    kind = OutboxFullError if error.errno in _PASSING_NUMBERS else OutboxError
    return kind(f"cannot use {path}: {error.strerror}")


def stream_of(value: object) -> UUID:
    """Return a stream as a row has it.

    Raises:
        OutboxDamagedError: It is none: SQLite does not notice damage within a row.
    """
    if not isinstance(value, bytes) or len(value) != _UUID_BYTES:
        raise OutboxDamagedError("the outbox is damaged: a row has no valid stream")
    return UUID(bytes=value)


def _first_of(group: BaseExceptionGroup[OutboxDamagedError]) -> str:
    error = group.exceptions[0]
    return (
        _first_of(error) if isinstance(error, BaseExceptionGroup) else str(error.__cause__ or error)
    )
