"""The disk of an outbox as a command meets it: whether it takes writes, and we may read."""

import os
import tempfile
from pathlib import Path

from edge_agent.errors import EdgeError
from edge_agent.outbox.damage import is_headless


def no_writes(folder: Path) -> str | None:
    """Say why a disk takes no writes; None if it does, or if we may not write there anyway.

    A small file is really written: a file system that the kernel has given up after errors may
    say of itself that it can be written to.
    """
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "it is read-only"
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(b"?")
            os.fsync(file.fileno())
    except PermissionError:
        return None
    except OSError as error:
        return str(error.strerror)
    return None


def readable(outbox: Path) -> Path:
    """Return the path of an outbox that is there, or whose log is, and that we may read.

    Raises:
        EdgeError: It is neither, or not both.
    """
    try:
        outbox.open("rb").close()
    except FileNotFoundError:
        if is_headless(outbox):
            return outbox
        raise EdgeError(f"there is no outbox {outbox}: the agent has never run here") from None
    except PermissionError as error:
        raise EdgeError(
            f"may not read {outbox}: {error.strerror}; do it as root or as the agent's user"
        ) from error
    except OSError as error:
        raise EdgeError(f"cannot read {outbox}: {error.strerror}") from error
    return outbox
