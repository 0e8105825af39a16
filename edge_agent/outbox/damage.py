"""What happens to a damaged outbox file: it is put aside, and the agent goes on with a new one.

Beside ``outbox.db`` there may be

- ``outbox.db.damaged``: damage was met; the next start is to put the file aside;
- ``outbox.db.damaged-<UTC time>`` and its ``-wal``: a file that was put aside;
- ``outbox.db.damaged-<UTC time>.salvaging``: what can be read of it is still to be taken over.
"""

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import msgspec

from edge_agent.errors import OutboxError
from edge_agent.outbox.disk import free_bytes, sync_folder
from edge_agent.outbox.wal import looks_damaged

LOG_FAULT: Final = "the log beside it is damaged"
"""What is found where SQLite would pass over some of the log."""
FILE_FAULT: Final = "the file is gone or has no header, and its log is still there"
"""What is found where SQLite would drop a log, or read it with what is no database."""

_PRIVATE: Final = 0o600
_KEPT: Final = 3
_PENDING: Final = ".salvaging"
_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was put aside, of which something may still be taken over."""

    reason: str
    """What was found."""
    noticed_us: int
    """When, microseconds since 1970-01-01 UTC."""
    stream: UUID
    """The stream of the segment that declares what is lost: repeated, it is the same segment."""


def mark(path: Path, *, reason: str) -> None:
    """Note that a file is damaged, for its next opening; a disk that takes no note is no error.

    Args:
        path: The outbox.
        reason: What was found.
    """
    with contextlib.suppress(OSError):
        if not _marker(path).exists():
            _write(_marker(path), reason.encode())


def put_aside_if_damaged(path: Path, *, now: datetime, same_boot: bool) -> None:
    """Before a file is opened: put it aside if damage is known, or can be seen at little cost.

    Args:
        path: The outbox; its lock is held.
        now: UTC.
        same_boot: Whether the computer ran ever since the file was last used.

    Raises:
        OutboxError: It cannot be put aside.
    """
    for aside in pending(path):  # a crash may have come between the note and the renaming
        if not aside.exists():
            _move(path, aside=aside)
    try:
        if _marker(path).exists():
            put_aside(path, reason=_marker(path).read_text("utf-8", "replace"), now=now)
        elif is_headless(path):
            put_aside(path, reason=FILE_FAULT, now=now)
        elif looks_damaged(log_of(path), same_boot=same_boot):
            put_aside(path, reason=LOG_FAULT, now=now)
    except OSError as error:
        raise OutboxError(f"cannot look at {path}: {error.strerror}") from error


def is_headless(path: Path) -> bool:
    """Tell whether a file is gone or has no header, though there is something in its log.

    SQLite writes the header before it makes a log. It drops a log beside an empty file in silence,
    even if it is told only to read.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
    """
    log = log_of(path)
    if not log.exists() or not log.stat().st_size:
        return False
    if not path.exists():
        return True
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return len(header) < _HEADER_BYTES or not header.startswith(_MAGIC)


def put_aside(path: Path, *, reason: str, now: datetime) -> Path:
    """Put a damaged file, and its log, where nobody writes to them.

    Args:
        path: The outbox; its lock is held and nobody has it open.
        reason: What was found.
        now: UTC.

    Returns:
        Where it is now.

    Raises:
        OutboxError: It cannot be renamed.
    """
    stamp = now.strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    noticed_us = round(now.timestamp() * 1e6)
    damage = Damage(reason=reason, noticed_us=noticed_us, stream=uuid4())
    try:
        if not path.exists():  # an empty file stands for it, whose renaming can be resumed
            _write(path, b"")
        _write(_note(aside), msgspec.json.encode(damage))
    except OSError as error:
        raise OutboxError(f"cannot put {path} aside: {error.strerror}") from error
    _move(path, aside=aside)
    return aside


def pending(path: Path) -> list[Path]:
    """Return the files put aside that are still to be salvaged, the oldest first."""
    notes = sorted(path.parent.glob(f"{_escaped(path.name)}.damaged-*{_PENDING}"))
    return [note.with_name(note.name.removesuffix(_PENDING)) for note in notes]


def put_aside_files(path: Path) -> list[Path]:
    """Return all files that were put aside and are still there, the oldest first."""
    found = path.parent.glob(f"{_escaped(path.name)}.damaged-*Z")
    return sorted(found)


def damage_of(aside: Path) -> Damage:
    """Return what was found in a file that is to be salvaged.

    Raises:
        OutboxError: The note cannot be read.
    """
    try:
        return msgspec.json.decode(_note(aside).read_bytes(), type=Damage)
    except msgspec.MsgspecError:  # the disk was full, or it is damaged too
        moment = round(_note(aside).stat().st_mtime * 1e6)
        return Damage(reason="not known", noticed_us=moment, stream=uuid4())
    except OSError as error:
        raise OutboxError(f"cannot read {_note(aside)}: {error.strerror}") from error


def settled(path: Path, *, aside: Path) -> None:
    """Note that a file was salvaged, and let go of old ones where there are many or no room.

    Args:
        path: The outbox.
        aside: What was salvaged.

    Raises:
        OutboxError: It cannot be noted; the file would be salvaged again, which is harmless.
    """
    try:
        _note(aside).unlink(missing_ok=True)
        kept = [one for one in put_aside_files(path) if not _note(one).exists()]
        while len(kept) > _KEPT or (kept and free_bytes(path) < kept[0].stat().st_size):
            doomed = kept.pop(0)
            for one in (doomed, log_of(doomed), doomed.with_name(f"{doomed.name}-shm")):
                one.unlink(missing_ok=True)
    except OSError as error:
        raise OutboxError(f"cannot clear up beside {path}: {error.strerror}") from error


def log_of(path: Path) -> Path:
    """Return where a file's log is."""
    return path.with_name(f"{path.name}-wal")


def _move(path: Path, *, aside: Path) -> None:
    try:
        _marker(path).unlink(missing_ok=True)  # the note is there; the renaming can be resumed
        for old, new in ((log_of(path), log_of(aside)), (path, aside)):
            with contextlib.suppress(FileNotFoundError):
                old.chmod(_PRIVATE)
                old.replace(new)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise OutboxError(f"cannot put {path} aside: {error.strerror}") from error


def _marker(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _note(aside: Path) -> Path:
    return aside.with_name(f"{aside.name}{_PENDING}")


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _escaped(name: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)
