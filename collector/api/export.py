"""Readings as files of any size."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from collector.api.parameters import EndTime, SiteFilter, StartTime, read_period
from collector.database.engine import Database
from collector.database.export import SOURCES, Export, Selection, open_export
from collector.parquet import check_parquet, parquet
from collector.problems import responses
from collector.queries.panels import find_panel
from collector.queries.sites import find_site
from collector.refusals import bad_request
from collector.roles import OPTION, Access

ROWS_HEADER: Final = "X-Heliograph-Rows"
"""How many rows will follow, so that whoever reads can tell how far it is."""
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

Format = Annotated[
    str, QueryParameter(name="format", description="One of " + ", ".join(_TYPES) + ".")
]
ExportInterval = Annotated[str, QueryParameter(description="One of " + ", ".join(SOURCES) + ".")]
PanelIds = Annotated[
    str | None, QueryParameter(description="Ids of panels, by commas; all when absent.")
]


@get(
    "/api/export",
    opt={OPTION: Access.VIEWER},
    tags=["panels"],
    media_type="text/csv",
    responses=responses(400, 401, 403, 404, 503),
)
async def export(  # noqa: PLR0913 - one argument for each parameter of the address
    *,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    kind: Format = "csv",
    interval: ExportInterval = "raw",
    start_time: StartTime = None,
    end_time: EndTime = None,
    site: SiteFilter = None,
    panels: PanelIds = None,
) -> Stream:
    """Readings or buckets as a file, panel by panel, by time; as of the moment it was asked for.

    Of any size: they are sent as they are read. `X-Heliograph-Rows` says how many will follow.
    """
    for name, value, allowed in (("format", kind, _TYPES), ("interval", interval, SOURCES)):
        if value not in allowed:
            raise bad_request(f"{name} is {value!r}, allowed are {', '.join(allowed)}")
    if kind == "parquet":
        check_parquet()
    ids = None if panels is None else panels.split(",")
    period = read_period(start_time, end_time, now=now)
    if site is not None:
        await find_site(database, site=site)
        for panel in ids or ():
            await find_panel(database, panel=panel, site=site)
    selection = Selection(interval, period.start, period.end, site, ids)
    stack = AsyncExitStack()
    try:
        begun = await stack.enter_async_context(open_export(database, selection))
        headers = {
            ROWS_HEADER: str(await begun.count()),
            "Content-Disposition": f'attachment; filename="heliograph-{interval}.{kind}"',
        }
    except BaseException:
        await stack.aclose()
        raise
    return Stream(_sent(begun, kind=kind, stack=stack), media_type=_TYPES[kind], headers=headers)


async def _sent(begun: Export, *, kind: str, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """Yield the file, and give the connection back at its end or when nobody reads on."""
    async with stack:
        if kind == "csv":
            async for piece in begun.csv():
                yield piece
        else:
            async for piece in parquet(begun.batches()):
                yield piece
