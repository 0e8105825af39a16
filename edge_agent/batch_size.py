"""How much one request carries: more while it takes little time, less at once when it takes long.

Additive increase, multiplicative decrease. The time is judged beyond the least that any request
takes on this link, so that a slow link is not taken for a busy collector.
"""

import math
from typing import Final

LEAST_ROWS: Final = 4_000
MOST_ROWS: Final = 1_000_000
"""Half of what the collector takes in one body."""
BYTES_PER_ROW: Final = 4.0
"""What a row is allowed on average; `tests/benchmarks/wire_bytes.py` measures less."""

_LEAST_BYTES: Final = 4_096  # below, there is more of heads than of data
_STEP_ROWS: Final = 2_000
_SLOWER: Final = 0.7
_AT_MOST_HALVED: Final = 0.5
_FULL_ENOUGH: Final = 0.5
_REMEMBERED_SECONDS: Final = 60.0
_REMEMBERED_AT_MOST_SECONDS: Final = 3600.0
_FLOOR_SECONDS: Final = 300.0


class Floor:
    """The least time that requests have taken of late, in two windows of some minutes."""

    def __init__(self) -> None:
        self._window_end = -math.inf
        self._before = self._now = math.inf

    @property
    def seconds(self) -> float:
        """What even the smallest request takes; 0 as long as nothing is known."""
        least = min(self._before, self._now)
        return least if least < math.inf else 0.0

    def took(self, seconds: float, *, now: float) -> None:
        """Note a request."""
        if now >= self._window_end:
            self._before, self._now = self._now, math.inf
            self._window_end = now + _FLOOR_SECONDS
        self._now = min(self._now, seconds)


class BatchSize:
    """How large the next body of a lane may be.

    Args:
        rows: How many rows it may have to begin with.
    """

    def __init__(self, *, rows: int = 20_000) -> None:
        self._rows = float(rows)
        self._doubling = True
        self._ceiling_bytes = math.inf
        self._ceiling_until = -math.inf
        self._remembered = _REMEMBERED_SECONDS

    @property
    def rows(self) -> int:
        """The most rows."""
        return int(self._rows)

    def size_bytes(self, *, now: float) -> int:
        """Return the most bytes."""
        if now >= self._ceiling_until:
            self._ceiling_bytes = math.inf
        return int(min(max(self._rows * BYTES_PER_ROW, _LEAST_BYTES), self._ceiling_bytes))

    def took(self, seconds: float, *, rows: int, target: float) -> None:
        """Note how long a request took.

        Args:
            seconds: From sending to the receipt.
            rows: How many it carried; one that was far from full says nothing about larger ones.
            target: How long it should take at most.
        """
        if seconds > target:
            self._doubling = False
            share = min(_SLOWER, max(_AT_MOST_HALVED, target / seconds))
            self._rows = max(LEAST_ROWS, min(self._rows, float(rows)) * share)
        elif rows >= _FULL_ENOUGH * self._rows:
            step = self._rows if self._doubling else _STEP_ROWS
            self._rows = min(MOST_ROWS, self._rows + step)

    def ran_out(self) -> None:
        """Note a request that was given up for taking too long."""
        self._doubling = False
        self._rows = max(LEAST_ROWS, self._rows * _AT_MOST_HALVED)

    def too_large(self, size_bytes: int, *, now: float) -> None:
        """Note that a body of this size was refused as too large.

        Larger ones are tried again after a minute, and later and later: most of what refuses
        bodies does so for good, but what fails altogether says so, too.

        Args:
            size_bytes: Of the body.
            now: Monotonic seconds.
        """
        self._doubling = False
        if now >= self._ceiling_until:
            self._ceiling_bytes = math.inf
            self._ceiling_until = now + self._remembered
            self._remembered = min(2 * self._remembered, _REMEMBERED_AT_MOST_SECONDS)
        self._ceiling_bytes = max(_LEAST_BYTES, min(self._ceiling_bytes, size_bytes * 0.75))
