"""Gateways: when they were heard, what they report of themselves, and what the ledger holds."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that has enrolled."""

    gateway_id: str
    """Its id."""
    site: str
    """Its site."""
    enrolled_at: datetime
    """When it enrolled, UTC."""
    last_seen_at: datetime | None
    """When it was heard last, UTC."""
    revoked_at: datetime | None
    """When it was revoked, UTC; null while it may upload."""
    accepted: int
    """Readings it sent that were stored."""
    duplicates: int
    """Readings it sent that were there already."""
    rejected: int
    """Readings it sent that were refused."""
    health_at: datetime | None
    """The time of its newest report about itself, UTC."""
    health: dict[str, Any] | None
    """That report: backlog, losses, versions, clock."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived of one run of an agent."""

    stream: UUID
    """Made at each start of the agent."""
    first_seq: int
    """The lowest flush that arrived."""
    last_seq: int
    """The highest flush that arrived."""
    missing: int
    """Flushes between them that have not arrived."""
    accepted: int
    """Readings that were stored."""
    duplicates: int
    """Readings that were there already."""
    rejected: int
    """Readings that were refused."""
    first_received_at: datetime
    """When the first part arrived, UTC."""
    last_received_at: datetime
    """When the last part arrived, UTC."""


class GatewayDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway and its streams."""

    gateway: Gateway
    """The gateway."""
    streams: list[Stream]
    """Its last 100 streams, the latest first."""


class _Revoked(msgspec.Struct, frozen=True):
    gateway_id: str


_GATEWAYS: Final = Statement.load("gateways", row=Gateway)
_STREAMS: Final = Statement.load("gateway_streams", row=Stream)
_REVOKE: Final = Statement.load("gateway_revoke", row=_Revoked)


async def list_gateways(database: Database) -> list[Gateway]:
    """Return all gateways, ordered by site and id."""
    return await _GATEWAYS.all(database, gateway=None)


async def find_gateway(database: Database, *, gateway: str) -> GatewayDetail:
    """Return a gateway and its streams.

    Raises:
        ProblemError: There is no such gateway.
    """
    found = await _GATEWAYS.first(database, gateway=gateway)
    if found is None:
        raise _unknown(gateway)
    return GatewayDetail(gateway=found, streams=await _STREAMS.all(database, gateway=gateway))


async def revoke_gateway(database: Database, *, gateway: str, now: datetime) -> None:
    """Stop accepting a gateway's uploads.

    Raises:
        ProblemError: There is no such gateway.
    """
    if await _REVOKE.first(database, gateway=gateway, now=now) is None:
        raise _unknown(gateway)


def _unknown(gateway: str) -> ProblemError:
    return ProblemError(
        f"there is no gateway {gateway!r}; /api/gateways lists them",
        status=404,
        title="unknown gateway",
    )
