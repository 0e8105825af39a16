"""Alerts: the recent ones, and changing their state by compare and set."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.sites import find_site
from shared.alerts import Severity


class State(StrEnum):
    """How far an alert has been dealt with."""

    OPEN = "open"
    """Nobody has it yet."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has it."""
    RESOLVED = "resolved"
    """It is over."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert: an episode of one fault of one panel or site."""

    id: int
    """Its number."""
    site: str
    """The site."""
    panel_id: str | None
    """The panel; null when it is about the whole site."""
    alert_type: str
    """What is wrong, as in ``over_temperature``."""
    severity: Severity
    """The worst so far."""
    state: State
    """How far it has been dealt with."""
    raised_at: datetime
    """When it began, UTC, by the readings' time."""
    cleared_at: datetime | None
    """When it ended, UTC; null while it lasts."""
    last_seen_at: datetime
    """When it last held, UTC."""
    title: str
    """One line for a person."""
    recommendation: str
    """What to do about it."""
    details: dict[str, Any]
    """Evidence: measured values with units in their names."""
    model_version: str | None
    """Which model said so; null for a rule."""


_RECENT: Final = Statement.load("alerts_recent", row=Alert)
_FIND: Final = Statement.load("alert_find", row=Alert)
_ACKNOWLEDGE: Final = Statement.load("alert_acknowledge", row=Alert)
_RESOLVE: Final = Statement.load("alert_resolve", row=Alert)


async def list_alerts(
    database: Database,
    *,
    states: Sequence[State],
    severities: Sequence[Severity],
    site: str | None,
    panel: str | None,
    limit: int,
) -> list[Alert]:
    """Return the alerts raised last, the newest first.

    Args:
        database: Where to look.
        states: Those wanted.
        severities: Those wanted.
        site: Only of this site.
        panel: Only of panels of this id.
        limit: How many at most.

    Raises:
        ProblemError: There is no such site; the nearest ids are named.
    """
    if site is not None:
        await find_site(database, site=site)
    return await _RECENT.all(
        database,
        states=[state.value for state in states],
        severities=[severity.value for severity in severities],
        site=site,
        panel=panel,
        limit=limit,
    )


async def acknowledge(database: Database, *, alert_id: int, by: str, now: datetime) -> Alert:
    """Take an alert; who took it first keeps it.

    Raises:
        ProblemError: There is no such alert (404), or it is resolved (409).
    """
    changed = await _ACKNOWLEDGE.first(database, id=_key(alert_id), by=by, now=now)
    return changed or await _unchanged(database, alert_id=alert_id)


async def resolve(database: Database, *, alert_id: int, by: str, now: datetime) -> Alert:
    """Close an alert.

    Raises:
        ProblemError: There is no such alert (404), or it is resolved (409).
    """
    changed = await _RESOLVE.first(database, id=_key(alert_id), by=by, now=now)
    return changed or await _unchanged(database, alert_id=alert_id)


async def _unchanged(database: Database, *, alert_id: int) -> Alert:
    found = await _FIND.first(database, id=_key(alert_id))
    if found is None:
        raise ProblemError(f"there is no alert {alert_id}", status=404, title="unknown alert")
    if found.state is State.RESOLVED:
        raise ProblemError(
            f"alert {alert_id} is resolved already", status=409, title="already resolved"
        )
    return found


def _key(alert_id: int) -> int:
    """Return a number the database can look for; nothing has one beyond."""
    return alert_id if 0 <= alert_id < 2**63 else 0
