"""Alerts: listing them and dealing with them."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Request, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter, RawBody

from collector.api.alert_bodies import (
    MAX_BODY_BYTES,
    Assigning,
    AssignOperation,
    Comment,
    CommentOperation,
    Reopening,
    ReopenOperation,
    ResolveOperation,
    Resolving,
    read_body,
)
from collector.api.parameters import SiteFilter, read_choices
from collector.database.engine import Database
from collector.problems import responses
from collector.queries import handling
from collector.queries.alerts import (
    Alert,
    AlertDetail,
    State,
    Wanted,
    alert_detail,
    list_alerts,
)
from collector.roles import OPTION, Access, Caller
from shared.alerts import Severity

Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]
States = Annotated[
    str | None,
    QueryParameter(name="state", description="Only these: " + ", ".join(State) + "; by commas."),
]
Severities = Annotated[
    str | None, QueryParameter(description="Only these: " + ", ".join(Severity) + "; by commas.")
]
PanelFilter = Annotated[str | None, QueryParameter(description="Only panels of this id.")]
Late = Annotated[bool | None, QueryParameter(description="Only those that arrived late, or not.")]
Muted = Annotated[
    bool | None, QueryParameter(description="Only those raised during planned work, or not.")
]
_ACTION: Final[dict[str, Any]] = {
    "status_code": 200,
    "opt": {OPTION: Access.OPERATOR},
    "responses": responses(400, 401, 403, 404, 409, 413, 503),
    "request_max_body_size": MAX_BODY_BYTES,
}


def read_wanted(
    states: States = None,
    site: SiteFilter = None,
    panel: PanelFilter = None,
    severity: Severities = None,
    late: Late = None,
    muted: Muted = None,
) -> Wanted:
    """Return which alerts the parameters ask for.

    Raises:
        ProblemError: One names what there is not.
    """
    return Wanted(
        states=read_choices("state", states, kind=State),
        severities=read_choices("severity", severity, kind=Severity),
        site=site,
        panel=panel,
        late=late,
        muted=muted,
    )


@get(
    "/recent",
    dependencies={"wanted": Provide(read_wanted, sync_to_thread=False)},
    responses=responses(400, 401, 403, 404, 503),
)
async def recent_alerts(
    database: NamedDependency[Database], wanted: NamedDependency[Wanted], limit: Limit = 50
) -> list[Alert]:
    """The alerts raised last, the newest first."""
    return await list_alerts(database, wanted=wanted, limit=limit)


@get("/{alert_id:int}", responses=responses(401, 403, 404, 503))
async def one_alert(alert_id: FromPath[int], database: NamedDependency[Database]) -> AlertDetail:
    """An alert, who did what about it and when, and how often it was raised lately."""
    return await alert_detail(database, alert_id=alert_id)


@post("/{alert_id:int}/acknowledge", **_ACTION)
async def acknowledge_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Take an alert; one that somebody took already stays theirs."""
    return await handling.acknowledge(database, alert_id=alert_id, by=request.user.name, now=now)


@post("/{alert_id:int}/resolve", operation_class=ResolveOperation, **_ACTION)
async def resolve_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Close an alert; if its fault lasts, it opens again after a while."""
    said = read_body(bytes(body), kind=Resolving)
    return await handling.resolve(
        database,
        alert_id=alert_id,
        by=request.user.name,
        now=now,
        cause=said.cause,
        note=said.note,
    )


@post("/{alert_id:int}/reopen", operation_class=ReopenOperation, **_ACTION)
async def reopen_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Open a resolved alert again."""
    said = read_body(bytes(body), kind=Reopening)
    return await handling.reopen(
        database, alert_id=alert_id, by=request.user.name, now=now, note=said.note
    )


@post("/{alert_id:int}/assign", operation_class=AssignOperation, **_ACTION)
async def assign_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Say who is to deal with an alert."""
    said = read_body(bytes(body), kind=Assigning)
    return await handling.assign(
        database, alert_id=alert_id, by=request.user.name, now=now, to=said.to
    )


@post("/{alert_id:int}/comment", operation_class=CommentOperation, **_ACTION)
async def comment_on_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Say something about an alert, for all who look at it."""
    said = read_body(bytes(body), kind=Comment)
    return await handling.comment(
        database, alert_id=alert_id, by=request.user.name, now=now, text=said.text
    )


def alerts_router() -> Router:
    """Return the routes of alerts."""
    return Router(
        "/api/alerts",
        route_handlers=[
            recent_alerts,
            one_alert,
            acknowledge_alert,
            resolve_alert,
            reopen_alert,
            assign_alert,
            comment_on_alert,
        ],
        opt={OPTION: Access.VIEWER},
        tags=["alerts"],
    )
