"""A panel's readings, its efficiency, and what detection made of it."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from collector.api.paging import Cursor, Moment, paged, read_cursor
from collector.api.parameters import (
    EndTime,
    IntervalOrRaw,
    SiteFilter,
    StartTime,
    read_interval,
    read_period,
)
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.efficiency import EfficiencyDay, list_efficiency
from collector.queries.intervals import Period
from collector.queries.panels import find_panel
from collector.queries.readings import Bucket, RawReading, list_buckets, list_raw
from collector.queries.windows import Window, list_windows
from collector.roles import OPTION, Access

MAX_PAGE: Final = 10_000
MAX_DAYS: Final = 92

RAW_PAGE: Final = 1_000

Limit = Annotated[
    int | None,
    QueryParameter(
        ge=1,
        le=MAX_PAGE,
        description=f"Rows of a page; when absent {RAW_PAGE} raw readings, or all buckets.",
    ),
]
WindowLimit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="At most so many.")]
Days = Annotated[int, QueryParameter(ge=1, le=MAX_DAYS, description="How many days, with today.")]


@get("/{panel_id:str}/readings", responses=responses(400, 401, 403, 404, 409, 503))
async def panel_readings(  # noqa: PLR0913 - one argument for each parameter of the address
    request: Request[Any, Any, Any],
    *,
    panel_id: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    start_time: StartTime = None,
    end_time: EndTime = None,
    interval: IntervalOrRaw = "1h",
    site: SiteFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response[list[Bucket]] | Response[list[RawReading]]:
    """Readings of a panel, the newest first.

    Buckets of an interval, whole ones: the first is the one that `start_time` is in. With
    `interval=raw` the readings themselves. In pages: a header `Link: <...>; rel="next"` leads on.
    """
    period = read_period(start_time, end_time, now=now)
    seconds = read_interval(interval, period=period, raw=True)
    page, written = _page(period, cursor=cursor), _written(period)
    if seconds:
        buckets = await list_buckets(
            database, panel=panel_id, site=site, period=page, seconds=seconds, now=now
        )
        return paged(request, buckets, limit=limit or len(buckets), key=_time, **written)
    limit = limit or RAW_PAGE
    rows = await list_raw(database, panel=panel_id, site=site, period=page, limit=limit + 1)
    return paged(request, rows, limit=limit, key=_time, **written)


def _time(row: Bucket | RawReading | Window) -> tuple[datetime]:
    return (row.timestamp,)


def _page(period: Period, *, cursor: str | None) -> Period:
    """Return what of a period is left after a cursor."""
    if cursor is None:
        return period
    (before,) = read_cursor(cursor, kind=tuple[Moment])
    return Period(period.start, min(before, period.end))


def _written(period: Period) -> dict[str, str]:
    """Return both ends, so that the pages are of one period however late they are read."""
    return {"start_time": period.start.isoformat(), "end_time": period.end.isoformat()}


@get("/{panel_id:str}/efficiency", responses=responses(400, 401, 403, 404, 409, 503))
async def panel_efficiency(
    panel_id: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    days: Days = 7,
    site: SiteFilter = None,
) -> list[EfficiencyDay]:
    """How well a panel did on each of the last days of its site, today first."""
    panel = await find_panel(database, panel=panel_id, site=site)
    return await list_efficiency(database, panel=panel, days=days, now=now)


@get("/{panel_id:str}/windows", responses=responses(400, 401, 403, 404, 409, 503))
async def panel_windows(  # noqa: PLR0913 - one argument for each parameter of the address
    request: Request[Any, Any, Any],
    *,
    panel_id: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    start_time: StartTime = None,
    end_time: EndTime = None,
    site: SiteFilter = None,
    limit: WindowLimit = 1_440,
    cursor: Cursor = None,
) -> Response[list[Window]]:
    """What detection made of a panel's windows, the newest first: why an alert was told, or not.

    In pages: a header `Link: <...>; rel="next"` leads on.
    """
    period = read_period(start_time, end_time, now=now)
    panel = await find_panel(database, panel=panel_id, site=site)
    page = _page(period, cursor=cursor)
    rows = await list_windows(database, panel=panel, period=page, limit=limit + 1)
    return paged(request, rows, limit=limit, key=_time, **_written(period))


def panels_router() -> Router:
    """Return the routes of panels."""
    return Router(
        "/api/panels",
        route_handlers=[panel_readings, panel_efficiency, panel_windows],
        opt={OPTION: Access.VIEWER},
        tags=["panels"],
    )
