"""The outbox: what holds data from the moment it is acknowledged until the collector has it.

While the collector is there, a segment waits in memory for its receipt and goes to disk only if
none comes soon; while it is away, every flush is one commit. Either makes the segment safe.

=====================  ============================================================================
the door               `outbox`; what goes out together: `parcel`, `taking`
in memory              `waiting`
on disk                `shelf`; its rows: `rows`, `headers`; how many: `totals`; by whom: `runs`
out of the line        `set_aside`, `poison` (damaged), `undated` (held for the clock)
sent out of turn       `requested` by the collector
what was not stored    `quarantine`, `replays`; what a person does about it: `by_hand`
too much, too small    `tidying` asks `limits`; `merging` (`joining`), `shedding` (`thinning`); what
                       is gone is `declared`
the file               `file`, opened by `opening` under its `lock`; `version`, `upgrade`; `state`;
                       `room`, `disk`; `sqlite`
damage                 `damage` puts aside; `damage_watch` starts `salvage`, which reads `pages` and
                       `wal` (`layout`, `records`), weighs what is `found`: `salvage_report`; what
                       is `named` comes from a log alone, too
looking and carrying   `examine` verifies and counts; `bundles` for sticks; both look `beside` the
                       agent
=====================  ============================================================================
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.outbox.limits import MERGED_BYTES, Limits
from edge_agent.outbox.opening import open_file
from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.parcel import Parcel
from edge_agent.outbox.shelf import Order

__all__ = ["MERGED_BYTES", "Limits", "Outbox", "Parcel", "open_outbox"]


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
        max_bytes: How large it may grow, with all that is beside it.
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
