"""What the collector asks for again goes first, without an index that every put would pay for."""

from typing import Final, NamedTuple

from edge_agent.outbox.aside import asides, back_in_line
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.totals import Change

_AT_ONCE: Final = 128
_LOOKED_AT: Final = 2_000  # ids; what a flush has to wait for is that much, not the whole file
_LISTED: Final = "SELECT id, stream, first_seq, rows, length(body) FROM segment WHERE id IN ({})"
_FROM: Final = "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM segment"
_WITHIN: Final = (
    "SELECT id, rows FROM segment WHERE id BETWEEN ? AND ? AND boot IS NULL "
    "AND from_us < ? AND to_us >= ? ORDER BY id"
)
_ASIDE_WITHIN: Final = "from_us < ? AND to_us >= ? AND NOT lost"


class Held(NamedTuple):
    """How much of a time range the outbox holds."""

    segments: int
    """Segments with rows in it."""
    rows: int
    """All their rows."""


class Requested:
    """The segments on disk that the collector asked for; forgotten when the agent ends."""

    def __init__(self) -> None:
        self._ids: dict[int, None] = {}

    async def add(self, file: OutboxFile, *, from_us: int, to_us: int) -> Held:
        """Let the segments on disk with rows in ``[from_us, to_us)`` go first."""
        span = (to_us, from_us)
        [(first, last)] = await file.read(_FROM)
        segments = rows = 0
        for start in range(first, last + 1, _LOOKED_AT):
            found = await file.read(_WITHIN, (start, start + _LOOKED_AT - 1, *span))
            self._ids.update((id_, None) for id_, _ in found)
            segments += len(found)
            rows += sum(count for _, count in found)
        return Held(segments, rows)

    async def first(self, file: OutboxFile) -> list[Row]:
        """Return id, stream, first_seq, rows and size of some that are still there."""
        while some := list(self._ids)[:_AT_ONCE]:
            rows = await file.read(_LISTED.format(", ".join("?" * len(some))), tuple(some))
            there = {row[0] for row in rows}
            for gone in (id_ for id_ in some if id_ not in there):
                del self._ids[gone]
            if rows:
                return sorted(rows)
        return []


async def asides_back_in_line(change: Change, *, from_us: int, to_us: int) -> None:
    """Put what is set aside, and is not damaged, with rows in ``[from_us, to_us)`` back."""
    span = (to_us, from_us)
    found = await asides(change.transaction, where=_ASIDE_WITHIN, parameters=span)
    for one in reversed(found):
        await back_in_line(change, id_=one.id)
