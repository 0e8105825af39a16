"""The ledger: which flushes of which gateway have been committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from collector.batch import Claim

Cursor = psycopg.AsyncCursor[Any]
Stream = tuple[int, UUID]

_OPEN: Final = """
INSERT INTO ledger (gateway_key, stream, received, accepted, duplicates, rejected,
                    first_received_at, last_received_at)
SELECT gateway_key, stream, '{}', 0, 0, 0, %s::timestamptz, %s::timestamptz
FROM unnest(%s::int4[], %s::uuid[]) AS new (gateway_key, stream)
WHERE NOT EXISTS (SELECT FROM ledger AS old
                  WHERE (old.gateway_key, old.stream) = (new.gateway_key, new.stream))
ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""
_LOCK: Final = """
SELECT FROM ledger JOIN unnest(%s::int4[], %s::uuid[]) AS wanted (gateway_key, stream)
    USING (gateway_key, stream)
ORDER BY gateway_key, stream
FOR UPDATE OF ledger
"""
_KNOWN: Final = """
SELECT ledger.received @> int8range(claim.first_seq, claim.last_seq, '[]')
FROM unnest(%s::int4[], %s::uuid[], %s::int8[], %s::int8[]) WITH ORDINALITY
    AS claim (gateway_key, stream, first_seq, last_seq, number)
JOIN ledger USING (gateway_key, stream)
ORDER BY number
"""
_ENTER: Final = """
UPDATE ledger
SET received = received + entry.ranges::int8multirange,
    accepted = ledger.accepted + entry.accepted,
    duplicates = ledger.duplicates + entry.duplicates,
    rejected = ledger.rejected + entry.rejected,
    last_received_at = greatest(last_received_at, %s::timestamptz)
FROM unnest(%s::int4[], %s::uuid[], %s::text[], %s::int8[], %s::int8[], %s::int8[])
    AS entry (gateway_key, stream, ranges, accepted, duplicates, rejected)
WHERE (ledger.gateway_key, ledger.stream) = (entry.gateway_key, entry.stream)
RETURNING ledger.gateway_key, EXISTS (
    SELECT FROM resend_request AS asked
    WHERE asked.gateway_key = ledger.gateway_key AND asked.answered_at IS NULL)
"""


@dataclass(slots=True)
class Entry:
    """What one transaction adds to a stream."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    """First and last flush, inclusive."""
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


async def claim(cursor: Cursor, *, claims: Sequence[Claim], now: datetime) -> list[bool]:
    """Lock the streams of some segments, in an order all transactions share.

    Args:
        cursor: In a transaction; the locks last as long.
        claims: At least one; a range that an earlier one covers counts as known.
        now: The collector's time, UTC.

    Returns:
        For each, whether its range has been committed before.
    """
    streams = sorted({(claim.gateway_key, claim.stream) for claim in claims})
    keys = [[gateway for gateway, _ in streams], [stream for _, stream in streams]]
    await cursor.execute(_OPEN, [now, now, *keys])
    await cursor.execute(_LOCK, keys)
    await cursor.execute(
        _KNOWN,
        [
            [claim.gateway_key for claim in claims],
            [claim.stream for claim in claims],
            [claim.first_seq for claim in claims],
            [claim.last_seq for claim in claims],
        ],
    )
    known = [row[0] for row in await cursor.fetchall()]
    return _also_within(claims, known=known)


def _also_within(claims: Sequence[Claim], *, known: list[bool]) -> list[bool]:
    """Add to what the ledger knows what one of several segments repeats of another."""
    seen: dict[Stream, list[tuple[int, int]]] = {}
    result = []
    for one, before in zip(claims, known, strict=True):
        ranges = seen.setdefault((one.gateway_key, one.stream), [])
        repeats = any(f <= one.first_seq and one.last_seq <= last for f, last in ranges)
        ranges.append((one.first_seq, one.last_seq))
        result.append(before or repeats)
    return result


async def enter(cursor: Cursor, *, entries: dict[Stream, Entry], now: datetime) -> list[int]:
    """Add to streams that `claim` has locked.

    Returns:
        The keys of those of their gateways that are asked to send something again: told by the
        same statement, so that asking costs no way to the database of its own.
    """
    text = [
        "{" + ",".join(f"[{first},{last}]" for first, last in entry.ranges) + "}"
        for entry in entries.values()
    ]
    await cursor.execute(
        _ENTER,
        [
            now,
            [gateway for gateway, _ in entries],
            [stream for _, stream in entries],
            text,
            [entry.accepted for entry in entries.values()],
            [entry.duplicates for entry in entries.values()],
            [entry.rejected for entry in entries.values()],
        ],
    )
    return sorted({gateway for gateway, asked in await cursor.fetchall() if asked})
