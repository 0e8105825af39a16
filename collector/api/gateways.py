"""Gateways."""

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from collector.database.engine import Database
from collector.problems import responses
from collector.queries.gateways import Gateway, GatewayDetail, find_gateway, list_gateways
from collector.roles import OPTION, Access


@get("/", responses=responses(401, 403, 503))
async def all_gateways(database: NamedDependency[Database]) -> list[Gateway]:
    """All gateways: when they were heard, what they sent, what they report of themselves."""
    return await list_gateways(database)


@get("/{gateway_id:str}", responses=responses(401, 403, 404, 503))
async def one_gateway(
    gateway_id: FromPath[str], database: NamedDependency[Database]
) -> GatewayDetail:
    """One gateway and what arrived of each run of its agent."""
    return await find_gateway(database, gateway=gateway_id)


def gateways_router() -> Router:
    """Return the routes of gateways."""
    return Router(
        "/api/gateways",
        route_handlers=[all_gateways, one_gateway],
        opt={OPTION: Access.VIEWER},
        tags=["gateways"],
    )
