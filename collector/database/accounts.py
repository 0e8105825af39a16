"""Storing what gateways report and declare lost, and telling them what to send again.

The caller holds the sites' locks while it stores.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from collector.batch import Part, Report, ResendDue

Cursor = psycopg.AsyncCursor[Any]

_LOSSES: Final = """
INSERT INTO declared_loss AS told (gateway_key, stream, first_seq, last_seq, reason, rows,
                                   from_at, to_at, declared_at, received_at)
SELECT DISTINCT ON (gateway_key, stream, first_seq, last_seq, reason)
       gateway_key, stream, first_seq, last_seq, reason, rows,
       to_timestamp(0) + from_us * INTERVAL '1 microsecond',
       to_timestamp(0) + to_us * INTERVAL '1 microsecond',
       to_timestamp(0) + declared_us * INTERVAL '1 microsecond', %s::timestamptz
FROM unnest(%s::int4[], %s::uuid[], %s::int8[], %s::int8[], %s::text[], %s::int8[], %s::int8[],
            %s::int8[], %s::int8[])
    AS new (gateway_key, stream, first_seq, last_seq, reason, rows, from_us, to_us, declared_us)
ORDER BY gateway_key, stream, first_seq, last_seq, reason, rows
ON CONFLICT (gateway_key, stream, first_seq, last_seq, reason) DO UPDATE
SET rows = excluded.rows WHERE told.rows IS NULL AND excluded.rows IS NOT NULL
"""
_HEALTH: Final = """
UPDATE gateway SET health = %s::jsonb, health_at = %s
WHERE gateway_key = %s AND (health_at IS NULL OR health_at < %s)
"""
_TAILS: Final = """
INSERT INTO stream_tail AS told (gateway_key, stream, next_seq)
SELECT %s, stream, next_seq FROM unnest(%s::uuid[], %s::int8[]) AS new (stream, next_seq)
ORDER BY stream
ON CONFLICT (gateway_key, stream) DO UPDATE SET next_seq = excluded.next_seq
WHERE told.next_seq < excluded.next_seq
"""
_ANSWERS: Final = """
UPDATE resend_request
SET answered_at = %s, held_segments = answer.segments, held_rows = answer.rows,
    delivered_at = coalesce(delivered_at, %s)
FROM unnest(%s::int8[], %s::int8[], %s::int8[]) AS answer (request, segments, rows)
WHERE resend_request.request = answer.request
  AND resend_request.gateway_key = %s AND answered_at IS NULL
"""
_DUE: Final = """
SELECT gateway_key, request, from_at, to_at FROM resend_request
WHERE gateway_key = ANY(%s) AND answered_at IS NULL
ORDER BY gateway_key, request
"""
_DELIVERED: Final = """
UPDATE resend_request SET delivered_at = %s
WHERE request IN (
    SELECT request FROM resend_request
    WHERE request = ANY(%s) AND delivered_at IS NULL
    ORDER BY request FOR NO KEY UPDATE SKIP LOCKED)
"""


async def store_losses(cursor: Cursor, *, parts: Sequence[Part], now: datetime) -> None:
    """Store declared losses; one that is there stays, and at most learns its number of rows."""
    rows = [
        (part.claim.gateway_key, loss)
        for part in parts
        if part.claim is not None
        for loss in part.losses
    ]
    if not rows:
        return
    await cursor.execute(
        _LOSSES,
        [
            now,
            [gateway for gateway, _ in rows],
            [loss.stream for _, loss in rows],
            [loss.first_seq for _, loss in rows],
            [loss.last_seq for _, loss in rows],
            [loss.reason.value for _, loss in rows],
            [loss.rows for _, loss in rows],
            [loss.from_us for _, loss in rows],
            [loss.to_us for _, loss in rows],
            [loss.declared_us for _, loss in rows],
        ],
    )


async def store_report(cursor: Cursor, *, gateway_key: int, report: Report, now: datetime) -> None:
    """Store what a gateway reports of itself; an older state never replaces a newer one."""
    if report.at is not None:
        body = msgspec.json.encode(report.state).decode()
        await cursor.execute(_HEALTH, [body, report.at, gateway_key, report.at])
    if report.tails:
        await cursor.execute(_TAILS, [gateway_key, list(report.tails), list(report.tails.values())])
    if report.answers:
        await cursor.execute(
            _ANSWERS,
            [
                now,
                now,
                [answer.request for answer in report.answers],
                [answer.segments for answer in report.answers],
                [answer.rows for answer in report.answers],
                gateway_key,
            ],
        )


async def due_resends(
    cursor: Cursor, *, gateways: Sequence[int], now: datetime
) -> dict[int, list[ResendDue]]:
    """Return what gateways are to send again and have not answered, and note that they are told.

    Args:
        cursor: In a transaction that locks nothing afterwards.
        gateways: The keys of those that will get a receipt.
        now: The collector's time, UTC.
    """
    await cursor.execute(_DUE, [gateways])
    orders: dict[int, list[ResendDue]] = {}
    for gateway, request, from_at, to_at in await cursor.fetchall():
        orders.setdefault(gateway, []).append(ResendDue(request, from_at, to_at))
    if orders:
        told = [order.request for some in orders.values() for order in some]
        await cursor.execute(_DELIVERED, [now, told])
    return orders
