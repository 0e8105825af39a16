"""The account of one gateway: what arrived, what it declared lost, what is outstanding."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.gateways import MOST, Gateway, one_gateway
from collector.queries.resends import Resend, list_resends

_STREAMS_SHOWN: Final = 100
_RANGES_SHOWN: Final = 100
_LOSSES_SHOWN: Final = 200


class FlushRange(msgspec.Struct, frozen=True, kw_only=True):
    """A range of flushes of a stream."""

    first_seq: int
    """The first,"""
    last_seq: int
    """and the last, inclusive."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """The account of one run of an agent, which numbers its flushes from 0."""

    stream: UUID
    """Made at each start of the agent."""
    first_seq: int | None
    """The lowest flush that arrived; null when none did."""
    last_seq: int | None
    """The highest flush that arrived; null when none did."""
    outstanding: int
    """Flushes up to the highest it told of that neither arrived nor were declared lost."""
    outstanding_ranges: list[FlushRange]
    """The first 100 ranges of them."""
    lost: int
    """Flushes that were declared lost and did not arrive."""
    lost_rows: int
    """Their rows, and those that thinning took away."""
    lost_uncounted: int
    """Those of the lost flushes of which nobody knows how many rows they had."""
    accepted: int
    """Readings that were stored."""
    duplicates: int
    """Readings that were there already."""
    rejected: int
    """Readings that were refused."""
    first_received_at: datetime | None
    """When the first part arrived, UTC."""
    last_received_at: datetime | None
    """When the last part arrived, UTC."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway declared lost for one reason."""

    reason: str
    """``thinned``, ``over_size``, ``over_age``, ``disk_full``, ``damaged`` or ``discarded``."""
    declarations: int
    """How often it did."""
    rows: int
    """Rows that are lost; what arrived before or after all does not count."""
    uncounted: int
    """Lost flushes of which nobody knows how many rows they had."""


class DeclaredLoss(msgspec.Struct, frozen=True, kw_only=True):
    """One range of flushes a gateway declared lost."""

    stream: UUID
    """The run of its agent they are of."""
    first_seq: int
    """The first flush,"""
    last_seq: int
    """and the last, inclusive."""
    reason: str
    """Why; after ``thinned`` the range still arrives, as one-minute means."""
    rows: int | None
    """The rows it declared; null when damage left no way to tell."""
    lost_rows: int | None
    """Those of them that are lost: 0 when the range arrived after all; null when nobody knows."""
    start: datetime = msgspec.field(name="from")
    """The earliest time of a row, UTC."""
    end: datetime = msgspec.field(name="to")
    """The latest, UTC."""
    declared_at: datetime
    """When that was by the gateway's clock, UTC."""
    received_at: datetime
    """When we were told, UTC."""


class GatewayDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway and its account."""

    gateway: Gateway
    """The gateway, and its sums."""
    streams: list[Stream]
    """Its last 100 streams, the latest first."""
    lost: list[Lost]
    """What it declared lost, by reason."""
    losses: list[DeclaredLoss]
    """Its last 200 declarations, the latest first."""
    resends: list[Resend]
    """The last 50 requests to send again, the latest first."""


_STREAMS: Final = Statement.load(
    "gateway_streams",
    row=Stream,
    most=str(MOST),
    ranges=str(_RANGES_SHOWN),
    streams=str(_STREAMS_SHOWN),
)
_LOST: Final = Statement.load("gateway_lost", row=Lost, most=str(MOST))
_LOSSES: Final = Statement.load("gateway_losses", row=DeclaredLoss, losses=str(_LOSSES_SHOWN))


async def find_gateway(database: Database, *, gateway: str) -> GatewayDetail:
    """Return a gateway and its account.

    Raises:
        ProblemError: There is no such gateway.
    """
    return GatewayDetail(
        gateway=await one_gateway(database, gateway=gateway),
        streams=await _STREAMS.all(database, gateway=gateway),
        lost=await _LOST.all(database, gateway=gateway),
        losses=await _LOSSES.all(database, gateway=gateway),
        resends=await list_resends(database, gateway=gateway),
    )
