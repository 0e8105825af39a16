"""Running totals of the outbox: what is in it is known without looking through it.

They are written in every transaction but a put, which is to be cheap: what was put after them has
larger ids, and is counted again when they are read.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from edge_agent.outbox.file import OutboxFile, Transaction
from edge_agent.outbox.state import RECALL, REMEMBER, TOTALS
from edge_agent.sealed import Kind
from shared.losses import Loss, LossReason

# Not by GROUP BY: it would sort, and to sort it would read every body.
_SINCE: Final = (
    "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(readings), 0), "
    "coalesce(sum(length(body)), 0) FROM segment WHERE id > ? AND kind = {}"
)
_SET_ASIDE: Final = (
    "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(readings), 0), "
    "coalesce(sum(length(body)), 0) FROM set_aside"
)
_LAST: Final = "SELECT coalesce(max(id), 0) FROM segment"
_OLDEST: Final = "SELECT created_us FROM segment ORDER BY id LIMIT 1"


class Pile(msgspec.Struct):
    """How much there is of something."""

    segments: int = 0
    """Segments."""
    rows: int = 0
    """Rows of all their tables."""
    readings: int = 0
    """Rows of their readings."""
    size_bytes: int = 0
    """Bytes of their bodies."""

    def add(self, segments: int, rows: int, readings: int, size_bytes: int) -> None:
        """Count more of it; less, with negative numbers."""
        self.segments += segments
        self.rows += rows
        self.readings += readings
        self.size_bytes += size_bytes


class Totals(msgspec.Struct):
    """What an outbox file holds, and what it ever gave up."""

    through_id: int = 0
    """The last segment that is counted in the stored form; later ones are counted on reading."""
    urgent: Pile = msgspec.field(default_factory=Pile)
    """Alerts and declared losses that wait for the collector."""
    bulk: Pile = msgspec.field(default_factory=Pile)
    """Everything else that waits."""
    set_aside: Pile = msgspec.field(default_factory=Pile)
    """What is set aside: refused by the collector, or damaged."""
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    """Rows given up ever, by `shared.losses.LossReason`; damage of unknown extent counts none."""
    uncounted: dict[str, int] = {}
    """Ranges given up ever of which nobody knows how many rows they had, likewise."""
    merged_through: int = 0
    """Neighbours up to this id have been looked at by the merger."""
    thinned_through: int = 0
    """No segment up to this id can be thinned."""

    def of(self, kind: int) -> Pile:
        """Return the pile of a kind."""
        return self.urgent if kind == Kind.URGENT else self.bulk

    def count_lost(self, losses: Sequence[Loss]) -> None:
        """Count what was given up."""
        for loss in losses:
            self.add_lost(loss.reason, rows=loss.rows or 0, uncounted=int(loss.rows is None))

    def add_lost(self, reason: LossReason, *, rows: int, uncounted: int) -> None:
        """Count rows that were given up, and ranges of which nobody knows how many they had."""
        self.lost[reason.value] = self.lost.get(reason.value, 0) + rows
        if uncounted:
            self.uncounted[reason.value] = self.uncounted.get(reason.value, 0) + uncounted


async def read_totals(transaction: Transaction) -> Totals:
    """Return what the file holds now, puts since the totals were last written included."""
    totals = await _stored(transaction)
    for kind in Kind:
        sql = _SINCE.format(int(kind))
        [numbers] = await transaction.read(sql, (totals.through_id,))
        totals.of(kind).add(*numbers)
    [(totals.through_id,)] = await transaction.read(_LAST)
    return totals


@dataclass(slots=True)
class Change:
    """A transaction on the segments, and the totals that go with it."""

    transaction: Transaction
    """What to read and write by."""
    totals: Totals
    """What the file holds; whoever adds or removes segments counts them here."""
    oldest_us: int | None = None
    """When the oldest segment came, microseconds since 1970-01-01 UTC; known at the end."""


@asynccontextmanager
async def changing(file: OutboxFile) -> AsyncIterator[Change]:
    """Change segments in one transaction; the totals are read before and written after.

    Raises:
        OutboxFullError: There is no room; nothing was changed.
        OutboxError: The file cannot be written; nothing was changed.
    """
    async with file.transaction() as transaction:
        change = Change(transaction, await read_totals(transaction))
        yield change
        await write_totals(transaction, totals=change.totals)
        change.oldest_us = await _oldest(transaction)


async def looked(file: OutboxFile) -> tuple[Totals, int | None]:
    """Return what the file holds and when its oldest segment came, writing nothing.

    Raises:
        OutboxError: The file cannot be read.
    """
    async with file.transaction() as transaction:
        return await read_totals(transaction), await _oldest(transaction)


async def _oldest(transaction: Transaction) -> int | None:
    found = await transaction.read(_OLDEST)
    return found[0][0] if found else None


async def write_totals(transaction: Transaction, *, totals: Totals) -> None:
    """Write totals that are right for the segments as they are in this transaction."""
    [(totals.through_id,)] = await transaction.read(_LAST)
    # Ids above the last are given out again.
    totals.merged_through = min(totals.merged_through, totals.through_id)
    totals.thinned_through = min(totals.thinned_through, totals.through_id)
    await transaction.run(REMEMBER, [(TOTALS, msgspec.json.encode(totals))])


async def _stored(transaction: Transaction) -> Totals:
    rows = await transaction.read(RECALL, (TOTALS,))
    try:
        return msgspec.json.decode(rows[0][0], type=Totals)
    except (IndexError, msgspec.MsgspecError, UnicodeDecodeError):
        # A file that was upgraded or salvaged: everything is counted, this once.
        [numbers] = await transaction.read(_SET_ASIDE)
        return Totals(set_aside=Pile(*numbers))
