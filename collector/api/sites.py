"""Sites, their panels and their series."""

from datetime import datetime
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from collector.api.parameters import EndTime, Interval, StartTime, read_interval, read_period
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.panels import Panel, list_panels
from collector.queries.series import METRICS, Series, site_series
from collector.queries.sites import Site, find_site, list_sites
from collector.refusals import bad_request
from collector.roles import OPTION, Access

MetricName = Annotated[str, QueryParameter(description="One of " + ", ".join(METRICS) + ".")]


@get("/", responses=responses(401, 403, 503))
async def all_sites(
    database: NamedDependency[Database], now: NamedDependency[datetime]
) -> list[Site]:
    """All sites: power now, energy today, open alerts, and when they were heard."""
    return await list_sites(database, now=now)


@get("/{site:str}", responses=responses(401, 403, 404, 503))
async def one_site(
    site: FromPath[str], database: NamedDependency[Database], now: NamedDependency[datetime]
) -> Site:
    """One site, with the same figures as in the list."""
    await find_site(database, site=site)
    return (await list_sites(database, now=now, site=site))[0]


@get("/{site:str}/panels", responses=responses(401, 403, 404, 503))
async def site_panels(
    site: FromPath[str], database: NamedDependency[Database], now: NamedDependency[datetime]
) -> list[Panel]:
    """The panels of a site with their newest readings and their energy today."""
    return await list_panels(database, site=await find_site(database, site=site), now=now)


@get("/{site:str}/series", responses=responses(400, 401, 403, 404, 503))
async def series(  # noqa: PLR0913 - one argument for each parameter of the address
    site: FromPath[str],
    *,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    metric: MetricName = "power",
    interval: Interval = "5m",
    start_time: StartTime = None,
    end_time: EndTime = None,
) -> Series:
    """One metric of a site over time, in columns, the oldest first, with null for gaps."""
    if metric not in METRICS:
        raise bad_request(f"metric is {metric!r}, allowed are {', '.join(METRICS)}")
    period = read_period(start_time, end_time, now=now)
    width = (interval, read_interval(interval, period=period))
    found = await find_site(database, site=site)
    return await site_series(
        database, site=found, metric=metric, interval=width, period=period, now=now
    )


def sites_router() -> Router:
    """Return the routes of sites."""
    return Router(
        "/api/sites",
        route_handlers=[all_sites, one_site, site_panels, series],
        opt={OPTION: Access.VIEWER},
        tags=["sites"],
    )
