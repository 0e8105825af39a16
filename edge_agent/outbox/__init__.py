"""The outbox: what holds data from the moment it is acknowledged until the collector has it.

While the collector is there, a segment waits in memory for its receipt and goes to disk only if
none comes soon; while it is away, every flush is one commit. Either makes the segment safe.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.outbox.limits import Limits
from edge_agent.outbox.opening import open_file
from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.parcel import Parcel
from edge_agent.outbox.shelf import Order

__all__ = ["Limits", "Outbox", "Parcel", "open_outbox"]


@asynccontextmanager
async def open_outbox(
    path: Path,
    *,
    max_bytes: int,
    spill_after: float,
    order: Order = "oldest",
    limits: Limits | None = None,
) -> AsyncIterator[Outbox]:
    """Open the outbox file and count what is in it.

    Args:
        path: The SQLite file; made if there is none.
        max_bytes: How large it may grow.
        spill_after: Seconds a segment may wait in memory for its receipt.
        order: Which part of the backlog goes first.
        limits: Its other limits; None means the usual ones.

    Raises:
        OutboxError: The file cannot be used.
    """
    async with open_file(path, max_bytes=max_bytes) as file:
        limits = limits or Limits(max_bytes=max_bytes)
        outbox = Outbox(file, limits=limits, spill_after=spill_after, order=order)
        await outbox.load()
        yield outbox
