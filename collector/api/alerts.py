"""Alerts: listing them and dealing with them."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from collector.api.parameters import SiteFilter, read_choices
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.alerts import Alert, State, acknowledge, list_alerts, resolve
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


@get("/recent", responses=responses(400, 401, 403, 404, 503))
async def recent_alerts(
    database: NamedDependency[Database],
    limit: Limit = 50,
    states: States = None,
    site: SiteFilter = None,
    panel: PanelFilter = None,
    severity: Severities = None,
) -> list[Alert]:
    """The alerts raised last, the newest first."""
    return await list_alerts(
        database,
        states=read_choices("state", states, kind=State),
        severities=read_choices("severity", severity, kind=Severity),
        site=site,
        panel=panel,
        limit=limit,
    )


@post(
    "/{alert_id:int}/acknowledge",
    status_code=200,
    opt={OPTION: Access.OPERATOR},
    responses=responses(401, 403, 404, 409, 503),
)
async def acknowledge_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Take an alert; one that somebody took already stays theirs."""
    return await acknowledge(database, alert_id=alert_id, by=request.user.name, now=now)


@post(
    "/{alert_id:int}/resolve",
    status_code=200,
    opt={OPTION: Access.OPERATOR},
    responses=responses(401, 403, 404, 409, 503),
)
async def resolve_alert(
    request: Request[Caller, Any, Any],
    alert_id: FromPath[int],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Alert:
    """Close an alert."""
    return await resolve(database, alert_id=alert_id, by=request.user.name, now=now)


def alerts_router() -> Router:
    """Return the routes of alerts."""
    return Router(
        "/api/alerts",
        route_handlers=[recent_alerts, acknowledge_alert, resolve_alert],
        opt={OPTION: Access.VIEWER},
        tags=["alerts"],
    )
