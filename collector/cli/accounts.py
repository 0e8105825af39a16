"""Gateways and their accounts, as people read them."""

from datetime import datetime
from typing import Any, Self

import msgspec

from collector.queries.accounts import GatewayDetail
from collector.queries.gateways import Gateway, GatewayState

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class GatewayLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of gateways."""

    gateway_id: str
    """Its id."""
    site: str
    """Its site."""
    last_seen_at: datetime | None
    """When it was heard last, UTC."""
    version: str | None
    """Its agent's."""
    backlog: str | None
    """What waits on its disk, and how long it will."""
    accepted: int
    """Readings that were stored."""
    lost: str
    """Rows it declared lost."""
    outstanding: int
    """Flushes that are still to come, or gone with an outbox file that was deleted or damaged."""
    unacknowledged: int
    """Flushes that were never safe when their run was killed; the broker sent them again."""
    revoked_at: datetime | None
    """When it was revoked, UTC."""

    @classmethod
    def of(cls, gateway: Gateway) -> Self:
        """Return the line of a gateway."""
        return cls(
            gateway_id=gateway.gateway_id,
            site=gateway.site,
            last_seen_at=gateway.last_seen_at,
            version=gateway.state.version,
            backlog=backlog_of(gateway.state),
            accepted=gateway.accepted,
            lost=lost_of(gateway),
            outstanding=gateway.outstanding,
            unacknowledged=gateway.unacknowledged,
            revoked_at=gateway.revoked_at,
        )


def facts_of(found: GatewayDetail) -> dict[str, Any]:
    """Return what is said of a gateway above its tables."""
    gateway, state = found.gateway, found.gateway.state
    ranges = sum(len(one.outstanding_ranges) for one in found.streams)
    facts = {
        "gateway": gateway.gateway_id,
        "site": gateway.site,
        "version": state.version,
        "enrolled at": gateway.enrolled_at,
        "last seen at": gateway.last_seen_at,
        "revoked at": gateway.revoked_at,
        "backlog": backlog_of(state),
        "clock": _clock(state.clock_offset_seconds),
        "set aside": state.set_aside,
        "readings": f"{gateway.accepted} accepted, {gateway.duplicates} duplicates, "
        f"{gateway.rejected} rejected",
        "lost": lost_of(gateway),
        "outstanding": f"{gateway.outstanding} flushes in {ranges} ranges",
    }
    if gateway.unacknowledged:
        facts["unacknowledged"] = (
            f"{gateway.unacknowledged} flushes, which the broker sent again: nothing is lost"
        )
    return facts


def lost_of(gateway: Gateway) -> str:
    """Return what is lost in words: flushes whose rows nobody knows are told apart."""
    rows = f"{gateway.lost_rows} rows"
    if not gateway.lost_uncounted:
        return rows
    return f"{rows} and {gateway.lost_uncounted} flushes of unknown size"


def backlog_of(state: GatewayState) -> str | None:
    """Return what waits on a gateway's disk in words; None when it has not said."""
    if state.backlog_rows is None:
        return None
    if not state.backlog_rows:
        return "none"
    rows = f"{state.backlog_rows} rows"
    if state.backlog_grows:
        return f"{rows}, grows"
    if state.drained_in_seconds is None:
        return rows
    return f"{rows}, drained in {_duration(state.drained_in_seconds)}"


def _clock(offset: float | None) -> str | None:
    return None if offset is None else f"{-offset:+.1f} s against ours"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"
