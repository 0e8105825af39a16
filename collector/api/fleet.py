"""The fleet at a glance."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from collector.api.paging import Cursor, PageLimit, paged, read_cursor
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.fleet import FleetSite, list_fleet
from collector.roles import OPTION, Access


@get("/", responses=responses(400, 401, 403, 503))
async def fleet(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    limit: PageLimit = 1_000,
    cursor: Cursor = None,
) -> Response[list[FleetSite]]:
    """Every site: power now, energy today and yesterday, open alerts, gateways, completeness.

    As of the newest whole minute. In pages, by id: a header `Link: <...>; rel="next"` leads on.
    """
    (after,) = ("",) if cursor is None else read_cursor(cursor, kind=tuple[str])
    sites = await list_fleet(database, now=now, limit=limit + 1, after=after)
    return paged(request, sites, limit=limit, key=lambda site: (site.site,))


def fleet_router() -> Router:
    """Return the route of the fleet."""
    return Router("/api/fleet", route_handlers=[fleet], opt={OPTION: Access.VIEWER}, tags=["sites"])
