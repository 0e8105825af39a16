"""Alerts: the recent ones, and one with its history."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.panels import find_panels
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


class Cause(StrEnum):
    """What an alert turned out to be."""

    FIXED = "fixed"
    """A fault, which was repaired."""
    FALSE_ALARM = "false_alarm"
    """Nothing was wrong."""
    NATURAL_SHADE = "natural_shade"
    """Shade, snow or dirt that comes and goes."""
    OTHER = "other"
    """Something else; the note says what."""


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
    received_at: datetime
    """When it arrived here, UTC."""
    late: bool
    """Whether what it tells was over ten minutes old when it arrived, as after an outage of the
    link: nobody is called for it, unless it turns out to last or a person reopens it."""
    muted: bool
    """Whether it was raised during planned work: nobody is called for it."""
    assigned_to: str | None
    """Who is to deal with it."""
    acknowledged_at: datetime | None
    """When somebody took it, UTC."""
    acknowledged_by: str | None
    """Who."""
    resolved_at: datetime | None
    """When it was closed, UTC, by a person or by its end."""
    resolved_by: str | None
    """Who; null when it ended by itself."""
    resolve_cause: Cause | None
    """What it was, as said by who closed it."""
    reopened_at: datetime | None
    """When it was reopened, UTC, the last time."""
    escalated_at: datetime | None
    """When nobody had taken it for too long, UTC."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an alert."""

    at: datetime
    """When, UTC, by the collector's clock."""
    action: str
    """What: raised, worsened, caught_up (it was late and still lasts), cleared, acknowledged,
    resolved, reopened, commented, assigned, escalated, unmuted."""
    by: str | None
    """Who; null for the gateway or the collector."""
    note: str | None
    """What was said of it."""
    cause: Cause | None
    """Of a resolved one: what it was, as said by who closed it."""
    severity: Severity
    """The severity then."""


class AlertDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An alert and everything that happened to it."""

    alert: Alert
    """The alert."""
    history: list[Entry]
    """The oldest first; the first thousand."""
    times_in_30_days: int
    """How often the same was raised in the 30 days until it was, this time included."""


class _Count(msgspec.Struct, frozen=True):
    count: int


COLUMNS: Final = """
alert.alert_key AS id, site.site, panel.panel AS panel_id, alert_type, severity, state, raised_at,
cleared_at, last_seen_at, title, recommendation, details, model_version, received_at, late, muted,
assigned_to, acknowledged_at, acknowledged_by, resolved_at, resolved_by, resolve_cause,
reopened_at, escalated_at
"""
"""What a statement over alert, site and panel selects for an `Alert`."""
_HISTORY_ENTRIES: Final = 1_000

_RECENT: Final = Statement.load("alerts_recent", row=Alert, columns=COLUMNS)
_FIND: Final = Statement.load("alert_find", row=Alert, columns=COLUMNS)
_HISTORY: Final = Statement.load("alert_history", row=Entry)
_REPEATS: Final = Statement.load("alert_repeats", row=_Count)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are wanted."""

    states: Sequence[State]
    """Those of these states,"""
    severities: Sequence[Severity]
    """of these severities,"""
    site: str | None = None
    """of this site,"""
    panel: str | None = None
    """of panels of this id,"""
    late: bool | None = None
    """that arrived late, or did not,"""
    muted: bool | None = None
    """that were raised during planned work, or were not."""


async def list_alerts(
    database: Database,
    *,
    wanted: Wanted,
    limit: int,
    before: tuple[datetime, int] | None = None,
) -> list[Alert]:
    """Return the alerts raised last, the newest first.

    Args:
        database: Where to look.
        wanted: Which.
        limit: How many at most.
        before: When the last that is known was raised, and its number.

    Raises:
        ProblemError: There is no such site or panel; the nearest ids are named.
    """
    if wanted.site is not None:
        await find_site(database, site=wanted.site)
    if wanted.panel is not None:
        await find_panels(database, panels=[wanted.panel], site=wanted.site)
    raised_at, number = before or (None, None)
    return await _RECENT.all(
        database,
        states=[state.value for state in wanted.states],
        severities=[severity.value for severity in wanted.severities],
        site=wanted.site,
        panel=wanted.panel,
        late=wanted.late,
        muted=wanted.muted,
        limit=limit,
        before_at=raised_at,
        before_id=number,
    )


async def find_alert(database: Database, *, alert_id: int) -> Alert:
    """Return an alert.

    Raises:
        ProblemError: There is no such alert.
    """
    found = await _FIND.first(database, id=key_of(alert_id))
    if found is None:
        raise ProblemError(f"there is no alert {alert_id}", status=404, title="unknown alert")
    return found


async def alert_detail(database: Database, *, alert_id: int) -> AlertDetail:
    """Return an alert and its history.

    Raises:
        ProblemError: There is no such alert.
    """
    alert = await find_alert(database, alert_id=alert_id)
    repeats = await _REPEATS.first(database, id=alert.id)
    return AlertDetail(
        alert=alert,
        history=await _HISTORY.all(database, id=alert.id, limit=_HISTORY_ENTRIES),
        times_in_30_days=repeats.count if repeats else 1,
    )


def key_of(number: int) -> int:
    """Return a number the database can look for; nothing has one beyond."""
    return number if 0 <= number < 2**63 else 0
