"""The lock of an outbox: one program at a time may have it open to put into and take from."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import OutboxError
from edge_agent.kernel import boot_id
from edge_agent.outbox.sqlite import disk_error


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of an outbox; tells whether it was held last since the computer was started.

    Raises:
        OutboxError: Another program has it, or the folder cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_error(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield _is_same_boot(handle)
    except BlockingIOError as error:
        raise OutboxError(f"another agent is using {path}") from error
    finally:
        os.close(handle)


def idle_boot(path: Path) -> bool | None:
    """Tell whether an outbox that nobody has open was so last since the computer was started.

    Nothing is changed by asking.

    Returns:
        None if a program has it open.

    Raises:
        OutboxError: The lock cannot be read.
    """
    try:
        handle = os.open(f"{path}.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise disk_error(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    else:
        now, before = _boots(handle)
        return now == before != b""
    finally:
        os.close(handle)


def _is_same_boot(handle: int) -> bool:
    now, before = _boots(handle)
    if now != before:
        with contextlib.suppress(OSError):  # a full disk
            os.pwrite(handle, now, 0)
    return now == before != b""


def _boots(handle: int) -> tuple[bytes, bytes]:
    return str(boot_id() or "").encode(), os.pread(handle, 64, 0).strip()
