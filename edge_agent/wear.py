"""What the agent's writing costs the flash: bytes this process has had written to disk."""

from pathlib import Path
from typing import Final

_IO: Final = Path("/proc/self/io")


class Wear:
    """Counts what the kernel wrote for this process since this was made."""

    def __init__(self) -> None:
        self._before = _written()

    def bytes_written(self) -> int | None:
        """Return the bytes that went to a disk; None where the kernel does not tell."""
        now = _written()
        return None if now is None or self._before is None else now - self._before


def _written() -> int | None:
    try:
        lines = _IO.read_text("ascii").splitlines()
        return int(dict(line.split(": ", 1) for line in lines)["write_bytes"])
    except (OSError, KeyError, ValueError):
        return None
