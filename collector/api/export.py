"""Readings as files of any size."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from collector.api.parameters import EndTime, SiteFilter, StartTime, read_period
from collector.api.streams import PatientStream
from collector.database.engine import Database
from collector.database.export import SOURCES, Export, Selection, open_export
from collector.parquet import check_parquet, parquet
from collector.problems import responses
from collector.queries.panels import find_panels
from collector.queries.sites import find_site
from collector.refusals import bad_request
from collector.roles import OPTION, Access
from collector.slots import Slots

ROWS_HEADER: Final = "X-Heliograph-Rows"
"""How many rows will follow, so that whoever reads can tell how far it is."""
SEND_SECONDS: Final = 60.0
"""Who takes nothing for so long is dropped: it holds a connection to the database."""
_TYPES: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}

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
    responses=responses(400, 401, 403, 404, 429, 503),
)
async def export(  # noqa: PLR0913 - one argument for each parameter of the address
    *,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
    exports: NamedDependency[Slots],
    kind: Format = "csv",
    interval: ExportInterval = "raw",
    start_time: StartTime = None,
    end_time: EndTime = None,
    site: SiteFilter = None,
    panels: PanelIds = None,
) -> PatientStream:
    """Readings or buckets as a file, panel by panel, by time; as of the moment it was asked for.

    Of any size: they are sent as they are read. `X-Heliograph-Rows` says how many will follow. A
    process sends `HELIOGRAPH_MAX_EXPORTS` at once and answers 429 beyond.
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
    if ids is not None:
        await find_panels(database, panels=ids, site=site)
    selection = Selection(interval, period.start, period.end, site, ids)
    stack = AsyncExitStack()
    try:
        stack.enter_context(exports.taken())
        begun = await stack.enter_async_context(open_export(database, selection))
        headers = {
            ROWS_HEADER: str(await begun.count()),
            "Content-Disposition": f'attachment; filename="heliograph-{interval}.{kind}"',
        }
    except BaseException:
        await stack.aclose()
        raise
    return PatientStream(
        what="export",
        seconds=SEND_SECONDS,
        held=stack,
        iterator=_pieces(begun, kind=kind),
        media_type=_TYPES[kind],
        headers=headers,
    )


def _pieces(begun: Export, *, kind: str) -> AsyncGenerator[bytes, None]:
    return begun.csv() if kind == "csv" else parquet(begun.batches())
