"""The fleet at a glance."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from collector.api.parameters import read_id_cursor, write_id_cursor
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.fleet import FleetSite, list_fleet
from collector.roles import OPTION, Access

MAX_PAGE: Final = 5_000

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Sites of a page.")]
Cursor = Annotated[
    str | None, QueryParameter(description="Where a page goes on; a Link header gives it.")
]


@get("/", responses=responses(400, 401, 403, 503))
async def fleet(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    limit: Limit = 1_000,
    cursor: Cursor = None,
) -> Response[list[FleetSite]]:
    """Every site: power now, energy today and yesterday, open alerts, gateways, completeness.

    As of the newest whole minute. In pages, by id: a header `Link: <...>; rel="next"` leads on.
    """
    after = "" if cursor is None else read_id_cursor(cursor)
    sites = await list_fleet(database, now=now, limit=limit + 1, after=after)
    headers = {}
    if len(sites) > limit:
        query = urlencode({"limit": limit, "cursor": write_id_cursor(sites[limit - 1].site)})
        headers = {"Link": f'<{request.url.path}?{query}>; rel="next"'}
    return Response(sites[:limit], headers=headers)


def fleet_router() -> Router:
    """Return the route of the fleet."""
    return Router("/api/fleet", route_handlers=[fleet], opt={OPTION: Access.VIEWER}, tags=["sites"])
