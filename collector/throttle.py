"""A bound on failed attempts to sign in or enrol, by client."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from collector.errors import ProblemError

MAX_CLIENTS: Final = 4096
"""Clients remembered at most; the one that has been quiet longest is forgotten."""


class Throttle:
    """Counts events of each client in windows of fixed length."""

    def __init__(self, *, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._windows: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def wait_seconds(self, client: str, *, now: datetime) -> int:
        """Return how long a client has to wait; 0 when it need not."""
        started, count = self._windows.get(client, (now, 0))
        left = started + self._window - now
        if count < self._limit or left <= timedelta(0):
            return 0
        return int(left.total_seconds()) + 1

    def refuse_if_busy(self, client: str, *, now: datetime) -> None:
        """Turn away a client that has to wait.

        Raises:
            ProblemError: It has to wait; the answer says how long.
        """
        if seconds := self.wait_seconds(client, now=now):
            raise ProblemError(
                f"too many failed attempts; allowed are {self._limit} in "
                f"{self._window.total_seconds():g} s; try again in {seconds} s",
                status=429,
                title="too many attempts",
                headers={"Retry-After": str(seconds)},
            )

    def count(self, client: str, *, now: datetime) -> None:
        """Remember one event."""
        started, count = self._windows.pop(client, (now, 0))
        if now - started >= self._window:
            started, count = now, 0
        self._windows[client] = (started, count + 1)
        if len(self._windows) > MAX_CLIENTS:
            self._windows.popitem(last=False)
