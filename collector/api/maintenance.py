"""Planned work, during which alerts call nobody."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from collector.api.alert_bodies import (
    MAX_BODY_BYTES,
    Planning,
    PlanOperation,
    read_body,
    read_window,
)
from collector.api.paging import Cursor, Moment, Number, PageLimit, paged, read_cursor
from collector.api.parameters import SiteFilter
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.maintenance import (
    Maintenance,
    cancel_maintenance,
    list_maintenance,
    plan_maintenance,
)
from collector.roles import OPTION, Access, Caller


@get("/", responses=responses(400, 401, 403, 404, 503))
async def planned(
    request: Request[Any, Any, Any],
    *,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    site: SiteFilter = None,
    limit: PageLimit = 1_000,
    cursor: Cursor = None,
) -> Response[list[Maintenance]]:
    """Planned work that is not over, the earliest first; a `Link` header leads to the next page."""
    after = None if cursor is None else read_cursor(cursor, kind=tuple[Moment, Number])
    found = await list_maintenance(database, site=site, since=now, limit=limit + 1, after=after)
    return paged(request, found, limit=limit, key=lambda one: (one.starts, one.id))


@post(
    "/",
    opt={OPTION: Access.OPERATOR},
    operation_class=PlanOperation,
    responses=responses(400, 401, 403, 404, 413, 503),
    request_max_body_size=MAX_BODY_BYTES,
)
async def plan(
    request: Request[Caller, Any, Any],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Maintenance:
    """Plan work at a site or a panel: alerts raised meanwhile are muted, and call nobody.

    One that still lasts afterwards is told of then.
    """
    wanted = read_body(bytes(body), kind=Planning)
    return await plan_maintenance(
        database,
        place=(wanted.site, wanted.panel_id),
        period=read_window(wanted, now=now),
        why=wanted.why,
        by=request.user.name,
        now=now,
    )


@delete(
    "/{maintenance_id:int}",
    opt={OPTION: Access.OPERATOR},
    responses=responses(400, 401, 403, 404, 503),
)
async def cancel(maintenance_id: FromPath[int], database: NamedDependency[Database]) -> None:
    """Cancel planned work, or end it now."""
    await cancel_maintenance(database, maintenance_id=maintenance_id)


def maintenance_router() -> Router:
    """Return the routes of planned work."""
    return Router(
        "/api/maintenance",
        route_handlers=[planned, plan, cancel],
        opt={OPTION: Access.VIEWER},
        tags=["alerts"],
    )
