"""Segments on which the collector fails while others pass: sent apart, halved, and found."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.sealed import Key

CONVICTED_AFTER: Final = 3
"""So often the collector has to fail on a segment alone between two others that it takes."""
MOST_GROUPS: Final = 8
"""With so many groups, and no success, nothing new is tried on a collector that fails."""

_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 20.0
_MOST_DOUBLINGS: Final = 16


@dataclass(slots=True)
class _Group:
    """Segments one of which may be the culprit."""

    keys: tuple[Key, ...]
    failures: int
    """How often the collector failed on it, and on nothing else then."""
    tries: int
    successes_before: int
    """What it had taken when it failed on this group."""
    retry_at: float
    """Monotonic seconds."""
    doubtful: bool = False
    """Whether it failed on it last time, and nobody knows yet whether on everything."""


class Suspects:
    """Keeps groups of segments back, and says which to try again, alone."""

    def __init__(self) -> None:
        self._groups: deque[_Group] = deque()
        self._successes = 0

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def too_many(self) -> bool:
        """Whether to try only these: the collector fails on everything."""
        return len(self._groups) >= MOST_GROUPS

    def due(self, *, now: float, alone: bool) -> tuple[Key, ...]:
        """Return the segments to try now, if any.

        A group is tried after the collector has taken something else, for that alone tells whose
        fault it is.

        Args:
            now: Monotonic seconds.
            alone: Whether there is nothing else to try; then a group is tried in any case.
        """
        for group in self._groups:
            if group.retry_at <= now and (alone or group.successes_before < self._successes):
                return group.keys
        return ()

    def found(self, keys: tuple[Key, ...], *, of: tuple[Key, ...]) -> None:
        """Note which segments of a group are still there; without any it is let go of."""
        for group in list(self._groups):
            if group.keys == of:
                group.keys = keys
                if not keys:
                    self._groups.remove(group)

    def keys(self) -> set[Key]:
        """Return all segments that are kept back."""
        return {key for one in self._groups for key in one.keys}

    def succeeded(self, keys: Iterable[Key]) -> None:
        """Note that the collector took segments; those that were suspects are none any more."""
        taken = set(keys)
        self._groups = deque(one for one in self._groups if taken.isdisjoint(one.keys))
        self._successes += 1
        for group in self._groups:
            group.failures += group.doubtful
            group.doubtful = False

    def failed_on_all(self) -> None:
        """Note that the collector fails on whatever it gets: that is nobody's fault."""
        for group in self._groups:
            group.doubtful = False

    def failed(self, keys: tuple[Key, ...], *, now: float) -> bool:
        """Note that the collector failed on segments.

        Returns:
            Whether it is one, and found to be at fault.
        """
        known = next((one for one in self._groups if one.keys == keys), None)
        if known is not None:
            self._groups.remove(known)
        proven = known is not None and known.successes_before < self._successes
        if len(keys) > 1 and (proven or not self.too_many):
            half = len(keys) // 2
            for part in (keys[:half], keys[half:]):
                self._groups.append(_Group(part, 0, 0, self._successes, now))
            return False
        group = known or _Group(keys, 0, 0, self._successes, now)
        if group.failures >= CONVICTED_AFTER:
            return True
        group.doubtful = proven or known is None
        group.retry_at = now + min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0**group.tries)
        group.tries = min(group.tries + 1, _MOST_DOUBLINGS)
        group.successes_before = self._successes
        self._groups.append(group)
        return False
