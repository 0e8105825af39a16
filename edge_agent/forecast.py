"""When the backlog will be gone, if it goes on like this."""

import math
from typing import Final

import msgspec

_MEMORY_SECONDS: Final = 120.0
_LONGEST_SECONDS: Final = 10 * 365 * 86_400.0


class Outlook(msgspec.Struct, frozen=True):
    """What is to be expected of the backlog."""

    seconds: float | None
    """Until it is gone; None when nothing waits, or when that cannot be told."""
    grows: bool
    """Whether it does not become less."""


class Forecast:
    """Follows how fast the backlog becomes less, as a moving average of some minutes."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._rows = 0
        self._rate: float | None = None
        self._there = False

    def note(self, rows: int, *, now: float, there: bool = True) -> None:
        """Note how many rows wait on disk.

        Args:
            rows: So many.
            now: Monotonic seconds.
            there: Whether the collector answers; what it was like before tells nothing then.
        """
        if self._at is None or there is not self._there:
            self._at, self._rows, self._rate, self._there = now, rows, None, there
            return
        elapsed = now - self._at
        if elapsed <= 0:
            return
        gone = (self._rows - rows) / elapsed
        if not rows and not self._rows:
            self._rate = None  # the next backlog has a story of its own
        elif self._rate is None:
            self._rate = gone
        else:
            self._rate += (gone - self._rate) * (1 - math.exp(-elapsed / _MEMORY_SECONDS))
        self._at, self._rows = now, rows

    def outlook(self, rows: int) -> Outlook:
        """Return when ``rows`` rows will be gone; while the collector is away, never by itself."""
        if not rows or self._rate is None:
            return Outlook(None, grows=False)
        if self._rate <= 0 or rows / self._rate > _LONGEST_SECONDS:
            return Outlook(None, grows=True)
        return Outlook(rows / self._rate if self._there else None, grows=False)
