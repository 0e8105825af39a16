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
from collector.refusals import bad_request
from collector.roles import OPTION, Access

MAX_PAGE: Final = 10_000
MAX_DAYS: Final = 92

Limit = Annotated[
    int, QueryParameter(ge=1, le=MAX_PAGE, description="Rows of a page of raw readings.")
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
    limit: Limit = 1_000,
    cursor: Cursor = None,
) -> Response[list[Bucket] | list[RawReading]]:
    """Readings of a panel, the newest first.

    Buckets of an interval, whole ones: the first is the one that `start_time` is in. With
    `interval=raw` the readings themselves, in pages: a header `Link: <...>; rel="next"` leads on.
    """
    period = read_period(start_time, end_time, now=now)
    seconds = read_interval(interval, period=period, raw=True)
    if cursor is not None and seconds:
        raise bad_request("cursor goes with interval=raw only", title="bad cursor")
    page = _page(period, cursor=cursor)
    if seconds:
        return Response(
            await list_buckets(
                database, panel=panel_id, site=site, period=period, seconds=seconds, now=now
            )
        )
    rows = await list_raw(database, panel=panel_id, site=site, period=page, limit=limit + 1)
    found = paged(request, rows, limit=limit, key=lambda row: (row.timestamp,), **_written(period))
    return Response(found.content, headers=found.headers)


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
    return paged(request, rows, limit=limit, key=lambda row: (row.timestamp,), **_written(period))


def panels_router() -> Router:
    """Return the routes of panels."""
    return Router(
        "/api/panels",
        route_handlers=[panel_readings, panel_efficiency, panel_windows],
        opt={OPTION: Access.VIEWER},
        tags=["panels"],
    )
