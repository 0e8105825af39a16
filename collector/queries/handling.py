"""Dealing with alerts: each change by compare and set, and noted in the alert's history."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import DatabaseRefusedError, ProblemError
from collector.queries.alerts import COLUMNS, Alert, Cause, State, find_alert, key_of


class _Twin(msgspec.Struct, frozen=True):
    id: int


def _change(action: str, *, changes: str, when: str) -> Statement[Alert]:
    return Statement.load(
        "alert_change", row=Alert, columns=COLUMNS, action=action, set=changes, when=when
    )


_ACKNOWLEDGE: Final = _change(
    "acknowledged",
    changes="state = 'acknowledged', acknowledged_at = CAST(:now AS timestamptz), "
    "acknowledged_by = CAST(:by AS text)",
    when="state = 'open'",
)
_RESOLVE: Final = _change(
    "resolved",
    changes="state = 'resolved', resolved_at = CAST(:now AS timestamptz), "
    "resolved_by = CAST(:by AS text), resolve_cause = CAST(:cause AS text)",
    when="state <> 'resolved'",
)
_REOPEN: Final = _change(
    "reopened",
    # What a person opens is of now, however late it was told: people are called for it.
    changes="state = 'open', reopened_at = CAST(:now AS timestamptz), resolved_at = NULL, "
    "resolved_by = NULL, resolve_cause = NULL, acknowledged_at = NULL, acknowledged_by = NULL, "
    "escalated_at = NULL, late = false",
    when="state = 'resolved'",
)
_ASSIGN: Final = _change(
    "assigned", changes="assigned_to = CAST(:note AS text)", when="state <> 'resolved'"
)
_COMMENT: Final = _change("commented", changes="state = state", when="true")
_TWIN: Final = Statement.load("alert_twin", row=_Twin)


async def acknowledge(database: Database, *, alert_id: int, by: str, now: datetime) -> Alert:
    """Take an alert; who took it first keeps it.

    Raises:
        ProblemError: There is no such alert (404), or it is resolved (409).
    """
    changed = await _run(_ACKNOWLEDGE, database, alert_id=alert_id, by=by, now=now)
    return changed or await _standing(database, alert_id=alert_id)


async def resolve(
    database: Database,
    *,
    alert_id: int,
    by: str,
    now: datetime,
    cause: Cause | None = None,
    note: str | None = None,
) -> Alert:
    """Close an alert.

    Raises:
        ProblemError: There is no such alert (404), or it is resolved (409).
    """
    changed = await _run(
        _RESOLVE, database, alert_id=alert_id, by=by, now=now, note=note, cause=cause
    )
    return changed or await _standing(database, alert_id=alert_id)


async def reopen(
    database: Database, *, alert_id: int, by: str, now: datetime, note: str | None = None
) -> Alert:
    """Open a resolved alert again, for whoever takes it.

    Raises:
        ProblemError: There is no such alert (404), it is not resolved, or another of its kind is
            open by now (409).
    """
    try:
        changed = await _run(_REOPEN, database, alert_id=alert_id, by=by, now=now, note=note)
    except DatabaseRefusedError as error:
        twin = await _TWIN.first(database, id=key_of(alert_id))
        raise ProblemError(
            f"alert {twin.id if twin else '?'} of the same panel and kind is open: deal with that",
            status=409,
            title="another is open",
        ) from error
    if changed is not None:
        return changed
    found = await find_alert(database, alert_id=alert_id)
    raise ProblemError(
        f"alert {alert_id} is {found.state}; allowed is to reopen one that is resolved",
        status=409,
        title="not resolved",
    )


async def assign(
    database: Database, *, alert_id: int, by: str, now: datetime, to: str | None
) -> Alert:
    """Say who is to deal with an alert; None for nobody in particular.

    Raises:
        ProblemError: There is no such alert (404), or it is resolved (409).
    """
    changed = await _run(_ASSIGN, database, alert_id=alert_id, by=by, now=now, note=to)
    return changed or await _standing(database, alert_id=alert_id)


async def comment(database: Database, *, alert_id: int, by: str, now: datetime, text: str) -> Alert:
    """Say something about an alert, also about one that is resolved.

    Raises:
        ProblemError: There is no such alert.
    """
    changed = await _run(_COMMENT, database, alert_id=alert_id, by=by, now=now, note=text)
    return changed or await find_alert(database, alert_id=alert_id)


async def _run(
    change: Statement[Alert],
    database: Database,
    *,
    alert_id: int,
    **values: str | datetime | None,
) -> Alert | None:
    values = {"note": None, "cause": None} | values
    return await change.first(database, id=key_of(alert_id), **values)


async def _standing(database: Database, *, alert_id: int) -> Alert:
    """Return an alert that did not have to be changed.

    Raises:
        ProblemError: It could not be, because it is resolved; or there is none.
    """
    found = await find_alert(database, alert_id=alert_id)
    if found.state is State.RESOLVED:
        raise ProblemError(
            f"alert {alert_id} is resolved already", status=409, title="already resolved"
        )
    return found
