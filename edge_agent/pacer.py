"""Keeps uploads within a share of the link."""

import asyncio
import time


class Pacer:
    """Spaces bodies so that on average no more than a given rate is sent.

    Args:
        kbit_per_second: The rate; None means no limit.
    """

    def __init__(self, kbit_per_second: float | None) -> None:
        self._bytes_per_second = None if kbit_per_second is None else kbit_per_second * 125.0
        self._free_at = 0.0

    async def wait(self, size_bytes: int) -> None:
        """Wait until a body of this size may be sent."""
        if self._bytes_per_second is None:
            return
        now = time.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + size_bytes / self._bytes_per_second
        await asyncio.sleep(start - now)
