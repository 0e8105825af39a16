"""Sites, their panels and their series."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from collector.api.paging import Cursor, PageLimit, paged, read_cursor
from collector.api.parameters import (
    EndTime,
    IntervalOfSeries,
    MaxPoints,
    StartTime,
    read_interval_of_series,
    read_period,
)
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.metrics import METRICS, OF_PANELS, OF_SITES
from collector.queries.panels import Panel, find_panels, list_panels
from collector.queries.series import Compare, Question, Series, panel_series, site_series
from collector.queries.sites import Site, find_site, list_sites
from collector.refusals import bad_request
from collector.roles import OPTION, Access

MAX_PANELS: Final = 50

MetricName = Annotated[str, QueryParameter(description="One of " + ", ".join(METRICS) + ".")]
PanelIds = Annotated[
    str | None,
    QueryParameter(description=f"Ids of at most {MAX_PANELS} panels, by commas; else the site."),
]
CompareWith = Annotated[
    str | None,
    QueryParameter(description="With what to compare: " + ", ".join(Compare) + "."),
]


@get("/", responses=responses(400, 401, 403, 503))
async def all_sites(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    limit: PageLimit = 1_000,
    cursor: Cursor = None,
) -> Response[list[Site]]:
    """All sites: power now, energy today, open alerts, and when they were heard; in pages, by id.

    A header `Link: <...>; rel="next"` leads on.
    """
    (after,) = ("",) if cursor is None else read_cursor(cursor, kind=tuple[str])
    sites = await list_sites(database, now=now, limit=limit + 1, after=after)
    return paged(request, sites, limit=limit, key=lambda site: (site.site,))


@get("/{site:str}", responses=responses(400, 401, 403, 404, 503))
async def one_site(
    site: FromPath[str], database: NamedDependency[Database], now: NamedDependency[datetime]
) -> Site:
    """One site, with the same figures as in the list."""
    await find_site(database, site=site)
    return (await list_sites(database, now=now, site=site))[0]


@get("/{site:str}/panels", responses=responses(400, 401, 403, 404, 503))
async def site_panels(
    request: Request[Any, Any, Any],
    *,
    site: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    limit: PageLimit = 1_000,
    cursor: Cursor = None,
) -> Response[list[Panel]]:
    """The panels of a site with their newest readings and their energy today; in pages, by id.

    A header `Link: <...>; rel="next"` leads on.
    """
    (after,) = ("",) if cursor is None else read_cursor(cursor, kind=tuple[str])
    found = await find_site(database, site=site)
    panels = await list_panels(database, site=found, now=now, limit=limit + 1, after=after)
    return paged(request, panels, limit=limit, key=lambda panel: (panel.panel_id,))


@get("/{site:str}/series", responses=responses(400, 401, 403, 404, 503))
async def series(  # noqa: PLR0913 - one argument for each parameter of the address
    site: FromPath[str],
    *,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    metric: MetricName = "power",
    interval: IntervalOfSeries = "5m",
    max_points: MaxPoints = 1_000,
    start_time: StartTime = None,
    end_time: EndTime = None,
    panels: PanelIds = None,
    compare: CompareWith = None,
) -> Series:
    """One metric over time, in columns, the oldest first, with null for gaps.

    Of the whole site, or of each of `panels`; with `compare` beside what it is compared with.
    """
    ids = [] if panels is None else list(dict.fromkeys(panels.split(",")))
    against = _read_question(metric, ids=ids, compare=compare)
    period = read_period(start_time, end_time, now=now)
    width = read_interval_of_series(
        interval, period=period, max_points=max_points, panels=max(len(ids), 1)
    )
    question = Question(await find_site(database, site=site), metric, width, period, against)
    if not ids:
        return await site_series(database, question=question, now=now)
    found = await find_panels(database, panels=ids, site=site)
    return await panel_series(database, question=question, panels=found, now=now)


def _read_question(metric: str, *, ids: list[str], compare: str | None) -> Compare | None:
    """Check what goes together, and return what to compare with."""
    allowed = OF_PANELS if ids else OF_SITES
    if metric not in allowed:
        of = "panels" if ids else "a site"
        raise bad_request(f"metric is {metric!r}, allowed for {of} are {', '.join(allowed)}")
    if len(ids) > MAX_PANELS:
        raise bad_request(f"panels names {len(ids)}, allowed are {MAX_PANELS}")
    if compare is None:
        return None
    choices = [one for one in Compare if ids or one is not Compare.SIBLINGS]
    if compare not in choices:
        raise bad_request(
            f"compare is {compare!r}, allowed are {', '.join(choices)}"
            + ("" if ids else "; with panels= also siblings")
        )
    return Compare(compare)


def sites_router() -> Router:
    """Return the routes of sites."""
    return Router(
        "/api/sites",
        route_handlers=[all_sites, one_site, site_panels, series],
        opt={OPTION: Access.VIEWER},
        tags=["sites"],
    )
