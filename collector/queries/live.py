"""What happened lately, as it is kept for those who were away for a moment."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement

KEPT: Final = 10_000
"""How many events are kept."""
MAX_RESUMED: Final = 1_000
"""How many one is told who comes back; who missed more begins anew."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is kept."""

    event: int
    """Its number; numbers follow the order in which things were committed."""
    at: datetime
    """When, UTC."""
    kind: str
    """``alert`` or ``gateway``."""
    site: str
    """Where."""
    body: dict[str, Any]
    """What."""


class _Bounds(msgspec.Struct, frozen=True):
    oldest: int | None
    newest: int | None


class _Gone(msgspec.Struct, frozen=True):
    gone: int


_AFTER: Final = Statement.load("live_after", row=Happened)
_BOUNDS: Final = Statement.load("live_bounds", row=_Bounds)
_PRUNE: Final = Statement.load("live_prune", row=_Gone)


async def newest_event(database: Database) -> int:
    """Return the number of the newest event; 0 before the first."""
    bounds = await _BOUNDS.first(database)
    return (bounds and bounds.newest) or 0


async def events_after(
    database: Database, *, number: int, sites: Collection[str] | None, limit: int
) -> list[Happened]:
    """Return what happened after an event, in order.

    Args:
        database: Where to look.
        number: The event's number.
        sites: Only at these.
        limit: How many at most.
    """
    return await _AFTER.all(
        database, after=number, sites=None if sites is None else list(sites), limit=limit
    )


async def missed(
    database: Database, *, number: int, sites: Collection[str] | None
) -> list[Happened] | None:
    """Return what happened after an event; None when that is not known, or too much."""
    bounds = await _BOUNDS.first(database)
    oldest, newest = (bounds.oldest, bounds.newest) if bounds else (None, None)
    if not (oldest or 1) - 1 <= number <= (newest or 0):
        return None
    found = await events_after(database, number=number, sites=sites, limit=MAX_RESUMED + 1)
    return found if len(found) <= MAX_RESUMED else None


async def prune_events(database: Database) -> int:
    """Delete all but the newest events, and return how many."""
    gone = await _PRUNE.first(database, kept=KEPT)
    return gone.gone if gone else 0
