"""The disk an outbox is on."""

import os
from pathlib import Path


def free_bytes(path: Path) -> int:
    """Return how much the disk a file is on has free for us."""
    found = os.statvfs(path.parent)
    return found.f_bavail * found.f_frsize


def sync_folder(folder: Path) -> None:
    """Make what was made or renamed in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
