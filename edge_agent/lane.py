"""The lanes to the collector: what goes first."""

from enum import IntEnum


class Lane(IntEnum):
    """Which way a parcel goes; the lower goes first."""

    URGENT = 0
    """Alerts and declared losses, wherever they are."""
    LIVE = 1
    """What waits in memory."""
    BACKLOG = 2
    """What waits on disk."""
