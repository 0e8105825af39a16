"""The limits of an outbox: its size, the age of what it holds, the free room on its disk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.outbox.file import Space
from edge_agent.outbox.room import file_bytes
from shared.losses import LossReason

MERGED_BYTES: Final = 524_288
"""How large merged segments are where the link has no cap."""

_SHARE: Final = 0.75  # of the size, for all that is in the file; then the oldest is thinned
_SHELF_SHARE: Final = 0.8  # nothing is put above it: what gives up has fallen behind
_QUARANTINE_SHARE: Final = 0.1
_LARGE_BYTES: Final = 67_108_864
_NEARLY_EMPTY: Final = 8
_DOWN_TO: Final = 0.95  # of what is allowed, so as not to begin again with every flush
_FLOOR_BYTES: Final = 4_194_304
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an outbox is allowed."""

    max_bytes: int
    """How large the file may become, with all that is beside it."""
    max_days: float = 90.0
    """How long it keeps what nobody has fetched."""
    min_free_bytes: int = 0
    """How much of the disk it leaves free; 0 means whatever there is may be used."""
    merged_bytes: int = MERGED_BYTES
    """About how large a segment may be that is merged from smaller ones: one is sent whole."""
    clock_is_right: Callable[[], bool] = lambda: True
    """Whether the clock can be trusted to tell an age."""

    @property
    def shelf_bytes(self) -> int:
        """How large all segments that wait may be."""
        return int(file_bytes(self.max_bytes) * _SHELF_SHARE)

    @property
    def quarantine_bytes(self) -> int:
        """How large all payloads in the quarantine may be."""
        return int(file_bytes(self.max_bytes) * _QUARANTINE_SHARE)

    def excess(self, space: Space, *, free_bytes: int, full: bool) -> "Excess | None":
        """Return how much is too much.

        Args:
            space: How large the file is.
            free_bytes: How much is free on its disk.
            full: Whether the last write found no room, whatever the numbers say.
        """
        reason, allowed = LossReason.OVER_SIZE, int(file_bytes(self.max_bytes) * _SHARE)
        if free_bytes < self.min_free_bytes:
            # Free pages are not given back to the disk, but they are what is written to next.
            here = max(int(space.file_bytes * _SHARE), _FLOOR_BYTES)
            if here < allowed:
                reason, allowed = LossReason.DISK_FULL, here
        if full and space.used_bytes <= allowed:
            reason, allowed = LossReason.DISK_FULL, max(space.used_bytes - 1, _FLOOR_BYTES)
        if space.used_bytes <= allowed:
            return None
        return Excess(reason, int(allowed * _DOWN_TO))

    def oldest_allowed_us(self, *, now_us: int) -> int | None:
        """Return before which time what came is too old; None if the clock cannot tell."""
        return now_us - int(self.max_days * _DAY_US) if self.clock_is_right() else None


@dataclass(frozen=True, slots=True)
class Excess:
    """There is too much."""

    reason: LossReason
    """Why less is allowed."""
    down_to_bytes: int
    """How much of the file may be in use when this is done with."""


def is_nearly_empty(space: Space) -> bool:
    """Tell whether so little of a large file is in use that it is worth writing anew."""
    return space.file_bytes > _LARGE_BYTES and space.used_bytes * _NEARLY_EMPTY < space.file_bytes
