"""Search by a few letters, over everything that has a page."""

from typing import Annotated, Final

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from collector.database.engine import Database
from collector.problems import responses
from collector.queries.search import Hit, search
from collector.refusals import bad_request
from collector.roles import OPTION, Access

MAX_LETTERS: Final = 100

Query = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=MAX_LETTERS,
        description="Part of a site's id or name, or of a gateway's or a panel's id, in any case; "
        "`alpha/003` for panels of some sites; or an alert's whole id.",
    ),
]
MostHits = Annotated[int, QueryParameter(ge=1, le=50, description="How many at most.")]


@get("/", responses=responses(400, 401, 403, 503))
async def find(database: NamedDependency[Database], q: Query, limit: MostHits = 20) -> list[Hit]:
    """Sites, gateways, panels and alerts by part of their names: what fits best comes first.

    Exactly this name, then names that begin with it, then names that hold it.
    """
    return await search(database, text=read_text(q), limit=limit)


def read_text(text: str) -> str:
    """Return what to look for, without the spaces around it.

    Raises:
        ProblemError: There is nothing to look for in it, or what no name can hold.
    """
    wanted = text.strip()
    if not wanted or not wanted.isprintable():
        raise bad_request(
            f"q is {text!r}, allowed are 1 to {MAX_LETTERS} printable characters, not only spaces"
        )
    return wanted


def search_router() -> Router:
    """Return the route of the search."""
    return Router(
        "/api/search", route_handlers=[find], opt={OPTION: Access.VIEWER}, tags=["search"]
    )
