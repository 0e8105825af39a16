"""What the collector's rules look at, and the alerts of theirs that last."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.gateways import MOST, state_of
from collector.rules.findings import Kind
from collector.rules.gateways import LOSSES_FOR, GatewayFacts
from collector.rules.yields import SitePower
from shared.alerts import Severity


class OpenAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that a rule raised and that lasts."""

    alert_key: int
    """Its number."""
    site_key: int
    """The site."""
    alert_type: Kind
    """What is wrong."""
    episode: str
    """The id of its episode."""
    severity: Severity
    """The worst so far."""
    title: str
    """One line for a person."""
    raised_at: datetime
    """When it began, UTC."""
    last_seen_at: datetime
    """When it held last, UTC."""
    details: dict[str, Any]
    """Evidence."""


class _Gateway(msgspec.Struct, frozen=True, kw_only=True):
    gateway_key: int
    gateway: str
    site_key: int
    latitude: float | None
    longitude: float | None
    last_seen_at: datetime
    silent_since: datetime | None
    health_at: datetime | None
    health: dict[str, Any] | None
    lost_rows: int
    lost_declarations: int
    lost_reasons: list[str]
    lost_at: datetime | None


class _Power(msgspec.Struct, frozen=True, kw_only=True):
    site_key: int
    latitude: float | None
    longitude: float | None
    panels: int
    mean_panel_watts: float
    rated_panel_watts: float | None
    covered_seconds: float


class _Key(msgspec.Struct, frozen=True):
    key: int


_GATEWAYS: Final = Statement.load("rule_gateways", row=_Gateway, most=str(MOST))
_POWER: Final = {
    level: Statement.load("rule_power", row=_Power, level=level, seconds=seconds)
    for level, seconds in (("1m", "60"), ("1h", "3600"))
}
_OPEN: Final = Statement.load("rule_open", row=OpenAlert)
_SILENT: Final = Statement.load("gateway_silent", row=_Key)
_ESCALATE: Final = Statement.load("alert_escalate", row=_Key)
_REOPEN: Final = Statement.load("alert_reopen", row=_Key)
_UNMUTE: Final = Statement.load("alert_unmute", row=_Key)


async def gateway_facts(database: Database, *, now: datetime) -> list[GatewayFacts]:
    """Return what is known of all gateways that were ever heard and are not revoked."""
    return [_facts(row) for row in await _GATEWAYS.all(database, losses_since=now - LOSSES_FOR)]


async def site_power(
    database: Database,
    *,
    level: Literal["1m", "1h"],
    start: datetime,
    end: datetime,
) -> list[SitePower]:
    """Return what sites gave from ``start`` to ``end``, which are whole minutes or hours."""
    rows = await _POWER[level].all(database, start=start, end=end)
    return [SitePower(**msgspec.structs.asdict(row)) for row in rows]


async def open_alerts(database: Database, *, kinds: list[Kind]) -> list[OpenAlert]:
    """Return the alerts of these kinds that rules raised and that last."""
    return await _OPEN.all(database, kinds=[kind.value for kind in kinds])


async def note_silence(database: Database, *, keys: list[int], heard_before: datetime) -> None:
    """Note that gateways are silent, unless they were heard meanwhile."""
    await _SILENT.all(database, keys=keys, heard_before=heard_before)


async def escalate(database: Database, *, after: timedelta, now: datetime) -> int:
    """Note of which alerts nobody took in time, and return how many."""
    return len(await _ESCALATE.all(database, after=after, now=now))


async def reopen_lasting(database: Database, *, after: timedelta, now: datetime) -> int:
    """Open again what a person resolved and what lasts long after, and return how many."""
    return len(await _REOPEN.all(database, after=after, now=now))


async def unmute_lasting(database: Database, *, now: datetime) -> int:
    """Unmute what goes on after the planned work, and return how many."""
    return len(await _UNMUTE.all(database, now=now))


def _facts(row: _Gateway) -> GatewayFacts:
    health = row.health or {}
    state = state_of(health)
    return GatewayFacts(
        gateway_key=row.gateway_key,
        gateway=row.gateway,
        site_key=row.site_key,
        latitude=row.latitude,
        longitude=row.longitude,
        last_seen_at=row.last_seen_at,
        silent_since=row.silent_since,
        health_at=row.health_at,
        clock_offset_seconds=state.clock_offset_seconds,
        backlog_rows=state.backlog_rows,
        backlog_oldest_at=state.backlog_oldest_at,
        backlog_grows=state.backlog_grows,
        buffer_full=health.get("outbox_full") is True,
        lost_rows=row.lost_rows,
        lost_declarations=row.lost_declarations,
        lost_reasons=tuple(row.lost_reasons),
        lost_at=row.lost_at,
    )
