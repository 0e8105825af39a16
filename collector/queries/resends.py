"""Requests to gateways to send a time range again, as far as they still hold it."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.gateways import unknown_gateway

MAX_OPEN: Final = 10
"""Requests a gateway may have unanswered."""
_SHOWN: Final = 50


class Resend(msgspec.Struct, frozen=True, kw_only=True):
    """A request to send a time range again."""

    request: int
    """Its number."""
    start: datetime = msgspec.field(name="from")
    """The first time that is wanted, UTC."""
    end: datetime = msgspec.field(name="to")
    """The time after the last, UTC."""
    asked_at: datetime
    """When it was asked, UTC."""
    asked_by: str
    """Who asked: the name of the token."""
    delivered_at: datetime | None = None
    """When a receipt first told the gateway, UTC; it is told until it answers."""
    answered_at: datetime | None = None
    """When it answered, UTC."""
    held_segments: int | None = None
    """How many segments of the range it still held, and sends again; 0 is an answer too."""
    held_rows: int | None = None
    """The rows in them."""


class _Locked(msgspec.Struct, frozen=True):
    gateway_key: int
    revoked_at: datetime | None


_LIST: Final = Statement.load("resends", row=Resend, requests=str(_SHOWN))
_LOCK: Final = Statement.load("gateway_lock", row=_Locked)
_CREATE: Final = Statement.load("resend_create", row=Resend)


async def list_resends(database: Database, *, gateway: str) -> list[Resend]:
    """Return the last requests to a gateway, the latest first."""
    return await _LIST.all(database, gateway=gateway)


async def ask_resend(
    database: Database, *, gateway: str, start: datetime, end: datetime, by: str, now: datetime
) -> Resend:
    """Ask a gateway to send ``[start, end)`` again; the same range twice is one request.

    Raises:
        ProblemError: There is no such gateway (404), or it was revoked or has too many requests
            to answer (409).
    """
    async with database.begin() as connection:
        found = await _LOCK.first(connection, gateway=gateway)
        if found is None:
            raise unknown_gateway(gateway)
        if found.revoked_at is not None:
            raise ProblemError(
                f"gateway {gateway} was revoked: it uploads nothing any more",
                status=409,
                title="revoked gateway",
            )
        made = await _CREATE.first(
            connection,
            gateway_key=found.gateway_key,
            start=start,
            end=end,
            now=now,
            by=by,
            most=MAX_OPEN,
        )
    if made is None:
        raise ProblemError(
            f"gateway {gateway} has {MAX_OPEN} requests to answer, which is all that may wait",
            status=409,
            title="too many requests open",
        )
    return made
