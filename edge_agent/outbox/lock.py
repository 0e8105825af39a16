"""The lock of an outbox: one program at a time may have it open to put into and take from."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge_agent.errors import OutboxError
from edge_agent.outbox.sqlite import disk_error

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


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


def _is_same_boot(handle: int) -> bool:
    now = _BOOT.read_bytes() if _BOOT.exists() else b""
    before = os.pread(handle, 64, 0)
    if now != before:
        with contextlib.suppress(OSError):  # a full disk
            os.pwrite(handle, now, 0)
    return now == before != b""
