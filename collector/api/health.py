"""Is it alive, is it ready, and what are its figures."""

from typing import Final

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.metrics import CONTENT_TYPE, Metrics
from collector.problems import responses
from collector.roles import OPTION, Access


class Health(msgspec.Struct, frozen=True):
    """How the collector is."""

    status: str
    """live, or ready."""


class _Revision(msgspec.Struct, frozen=True):
    version_num: str


_REVISION: Final = Statement.load("revision", row=_Revision)


@get("/health/live")
async def live() -> Health:
    """Whether the process answers at all."""
    return Health("live")


@get("/health/ready", responses=responses(503))
async def ready(database: NamedDependency[Database]) -> Health:
    """Whether the database answers too, so that readings can be stored."""
    await _REVISION.all(database)
    return Health("ready")


@get("/metrics", media_type=MediaType.TEXT)
async def figures(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """Figures for Prometheus: sums, without names."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE)


def health_router() -> Router:
    """Return the routes of operation."""
    return Router(
        "/",
        route_handlers=[live, ready, figures],
        opt={OPTION: Access.PUBLIC},
        tags=["operation"],
    )
