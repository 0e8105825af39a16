"""Alerts: those raised last, and one with its history."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from collector.api.alert_actions import ROUTES
from collector.api.paging import Cursor, Moment, Number, paged, read_cursor
from collector.api.parameters import SiteFilter, read_choices
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.alerts import (
    Alert,
    AlertDetail,
    State,
    Wanted,
    alert_detail,
    list_alerts,
)
from collector.roles import OPTION, Access
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
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    wanted: NamedDependency[Wanted],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[Alert]]:
    """The alerts raised last, the newest first; a `Link` header leads to the next page."""
    before = None if cursor is None else read_cursor(cursor, kind=tuple[Moment, Number])
    alerts = await list_alerts(database, wanted=wanted, limit=limit + 1, before=before)
    return paged(request, alerts, limit=limit, key=lambda one: (one.raised_at, one.id))


@get("/{alert_id:int}", responses=responses(400, 401, 403, 404, 503))
async def one_alert(alert_id: FromPath[int], database: NamedDependency[Database]) -> AlertDetail:
    """An alert, who did what about it and when, and how often it was raised lately."""
    return await alert_detail(database, alert_id=alert_id)


def alerts_router() -> Router:
    """Return the routes of alerts."""
    return Router(
        "/api/alerts",
        route_handlers=[recent_alerts, one_alert, *ROUTES],
        opt={OPTION: Access.VIEWER},
        tags=["alerts"],
    )
