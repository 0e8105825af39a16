"""What the outbox knows about a segment on disk without reading its body."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from edge_agent.outbox.file import OutboxFile, Transaction
from edge_agent.outbox.sqlite import stream_of
from edge_agent.sealed import Key

_COLUMNS: Final = (
    "id, kind, stream, first_seq, last_seq, rows, readings, from_us, to_us, created_us, thinned, "
    "boot, offset_us, checksum, length(body)"
)
_BODY: Final = "SELECT body FROM segment WHERE id = ? AND checksum = ?"
_STILL_THERE: Final = (
    "SELECT 1 FROM segment WHERE id = ? AND stream = ? AND first_seq = ? AND checksum = ?"
)


class Header(NamedTuple):
    """A row of the table `segment`, without the body; see `schema.sql`."""

    id: int
    kind: int
    stream: bytes
    first_seq: int
    last_seq: int
    rows: int
    readings: int
    from_us: int
    to_us: int
    created_us: int
    thinned: int
    boot: bytes | None
    offset_us: int | None
    checksum: int
    size_bytes: int

    @property
    def key(self) -> Key:
        """Which segment it is."""
        return Key(stream_of(self.stream), self.first_seq)


async def headers(
    reader: OutboxFile | Transaction, *, condition: str = "1", after: int = 0, limit: int
) -> list[Header]:
    """Return the headers of the oldest segments.

    Args:
        reader: Where from.
        condition: Which, as SQL.
        after: Only those with larger ids.
        limit: How many at most.
    """
    sql = f"SELECT {_COLUMNS} FROM segment WHERE id > ? AND {condition} ORDER BY id LIMIT ?"
    return [Header(*row) for row in await reader.read(sql, (after, limit))]


async def bodies(file: OutboxFile, *, found: Sequence[Header]) -> list[bytes | None]:
    """Return the bodies of segments, in order; None for one that has changed or is gone."""
    rows = [await file.read(_BODY, (header.id, header.checksum)) for header in found]
    return [row[0][0] if row else None for row in rows]


async def ours(
    transaction: Transaction, *, found: Sequence[Header], in_flight: Collection[Key]
) -> list[Header]:
    """Return those that are still as they were, and that nobody is sending."""
    still = []
    for one in found:
        parameters = (one.id, one.stream, one.first_seq, one.checksum)
        if one.key not in in_flight and await transaction.read(_STILL_THERE, parameters):
            still.append(one)
    return still
