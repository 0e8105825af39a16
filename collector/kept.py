"""What was found a moment ago, so that it need not be asked for again."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

KEPT_FOR: Final = timedelta(seconds=2)
"""How long; so long is also accepted what was revoked meanwhile."""
MOST: Final = 10_000
"""How many; the oldest is forgotten for one more."""


class Kept(Generic[Key, Value]):
    """Values by key, each for `KEPT_FOR`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[Value, datetime]] = OrderedDict()

    def get(self, key: Key, *, now: datetime) -> Value | None:
        """Return what is kept; None when nothing is, or for too long."""
        value, until = self._kept.get(key, (None, now))
        return value if until > now else None

    def put(self, key: Key, value: Value, *, now: datetime) -> None:
        """Keep a value."""
        self._kept.pop(key, None)
        self._kept[key] = (value, now + KEPT_FOR)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
