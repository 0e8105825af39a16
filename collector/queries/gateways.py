"""Gateways: when they were heard, what they report of themselves, the sums of their accounts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.sites import find_site

MOST: Final = 2**53 - 1
"""No sum of a gateway is told as more: programs read JSON numbers as float64."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class GatewayState(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway said of itself last, as far as people ask for it; null is "not said"."""

    version: str | None = None
    """The version of its agent."""
    backlog_rows: int | None = None
    """Rows on its disk that wait for us."""
    backlog_bytes: int | None = None
    """Their bytes."""
    backlog_oldest_at: datetime | None = None
    """When the oldest of them came, UTC."""
    drained_in_seconds: float | None = None
    """In how many seconds it expects to have sent them; null also while it cannot tell."""
    backlog_grows: bool | None = None
    """Whether they do not become fewer."""
    clock_offset_seconds: float | None = None
    """How far our clock is ahead of its own."""
    set_aside: int | None = None
    """Segments it holds that we refused."""
    quarantined: int | None = None
    """Readings it put into its quarantine since it started."""


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
    lost_rows: int
    """Rows it declared lost and that did not arrive; those it thinned count too."""
    lost_uncounted: int
    """Flushes it declared lost of which nobody knows how many rows they had."""
    outstanding: int
    """Flushes it has numbered that are none of the others: still to come, or gone with an outbox
    file that was deleted or damaged."""
    unacknowledged: int
    """Flushes of runs that were killed before they were safe: never acknowledged to the broker,
    which sent what they held again into a later run."""
    open_resends: int
    """Requests to send again that it has not answered."""
    health_at: datetime | None
    """The time of its newest report about itself, UTC."""
    health: dict[str, Any] | None
    """That report, whole."""
    state: GatewayState = msgspec.field(default_factory=GatewayState)
    """What matters most of it."""


class _Revoked(msgspec.Struct, frozen=True):
    gateway_id: str


_GATEWAYS: Final = Statement.load("gateways", row=Gateway, most=str(MOST))
_REVOKE: Final = Statement.load("gateway_revoke", row=_Revoked)


async def list_gateways(
    database: Database,
    *,
    site: str | None = None,
    limit: int | None = None,
    after: tuple[str, str] = ("", ""),
) -> list[Gateway]:
    """Return gateways, ordered by site and id.

    Args:
        database: Where to look.
        site: Whose gateways; None for those of all sites.
        limit: How many at most; None for all.
        after: The site and the id after which to begin.

    Raises:
        ProblemError: There is no such site; the nearest ids are named.
    """
    if site is not None:
        await find_site(database, site=site)
    after_site, after_gateway = after
    rows = await _GATEWAYS.all(
        database,
        gateway=None,
        site=site,
        limit=limit,
        after_site=after_site,
        after_gateway=after_gateway,
    )
    return [_gateway(row) for row in rows]


async def one_gateway(database: Database, *, gateway: str) -> Gateway:
    """Return a gateway.

    Raises:
        ProblemError: There is no such gateway.
    """
    found = await _GATEWAYS.first(
        database, gateway=gateway, site=None, limit=1, after_site="", after_gateway=""
    )
    if found is None:
        raise unknown_gateway(gateway)
    return _gateway(found)


async def revoke_gateway(database: Database, *, gateway: str, now: datetime) -> None:
    """Stop accepting a gateway's uploads.

    Raises:
        ProblemError: There is no such gateway.
    """
    if await _REVOKE.first(database, gateway=gateway, now=now) is None:
        raise unknown_gateway(gateway)


def unknown_gateway(gateway: str) -> ProblemError:
    """Return the error for a gateway that is not there."""
    return ProblemError(
        f"there is no gateway {gateway!r}; /api/gateways lists them",
        status=404,
        title="unknown gateway",
    )


def _gateway(row: Gateway) -> Gateway:
    return msgspec.structs.replace(row, state=state_of(row.health or {}))


def state_of(report: Mapping[str, Any]) -> GatewayState:
    """Return what people ask for of a report, which an agent of any version may have made."""
    version, grows = report.get("version"), report.get("backlog_grows")
    oldest = _number(report, "outbox_oldest_at")
    return GatewayState(
        version=version if isinstance(version, str) else None,
        backlog_rows=_count(report, "outbox_rows"),
        backlog_bytes=_count(report, "outbox_bytes"),
        backlog_oldest_at=None if oldest is None else _moment(oldest),
        drained_in_seconds=_number(report, "drained_in_seconds"),
        backlog_grows=grows if isinstance(grows, bool) else None,
        clock_offset_seconds=_number(report, "clock_offset_seconds"),
        set_aside=_count(report, "set_aside"),
        quarantined=_count(report, "quarantined"),
    )


def _number(report: Mapping[str, Any], name: str) -> float | None:
    value = report.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) and abs(value) <= MOST else None


def _count(report: Mapping[str, Any], name: str) -> int | None:
    value = _number(report, name)
    return None if value is None else int(value)


def _moment(seconds: float) -> datetime | None:
    latest = (_LATEST - _EPOCH) / timedelta(seconds=1)
    return _EPOCH + timedelta(seconds=seconds) if 0 <= seconds < latest else None
