"""Gateways, their accounts, and asking them to send again."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from collector.api.bodies import ResendOperation
from collector.api.paging import Cursor, PageLimit, paged, read_cursor
from collector.api.parameters import SiteFilter, read_time, show
from collector.database.engine import Database
from collector.problems import responses
from collector.queries.accounts import GatewayDetail, find_gateway
from collector.queries.gateways import Gateway, list_gateways
from collector.queries.resends import Resend, ask_resend
from collector.refusals import bad_request
from collector.roles import OPTION, Access, Caller

MAX_BODY_BYTES: Final = 4096
_CLOCKS_DIFFER: Final = timedelta(minutes=1)


class ResendWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time range a gateway is to send again."""

    start: str = msgspec.field(name="from")
    """The first time, RFC 3339."""
    end: str = msgspec.field(name="to")
    """The time after the last, RFC 3339."""


@get("/", responses=responses(400, 401, 403, 404, 503))
async def all_gateways(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    site: SiteFilter = None,
    limit: PageLimit = 1_000,
    cursor: Cursor = None,
) -> Response[list[Gateway]]:
    """Gateways of one site or of all: when each was heard, its account, its report on itself.

    In pages, by site and id: a header `Link: <...>; rel="next"` leads on.
    """
    after = ("", "") if cursor is None else read_cursor(cursor, kind=tuple[str, str])
    gateways = await list_gateways(database, site=site, limit=limit + 1, after=after)
    return paged(request, gateways, limit=limit, key=lambda one: (one.site, one.gateway_id))


@get("/{gateway_id:str}", responses=responses(400, 401, 403, 404, 503))
async def one_gateway(
    gateway_id: FromPath[str], database: NamedDependency[Database]
) -> GatewayDetail:
    """One gateway's account: each run of its agent, what it declared lost, what is outstanding."""
    return await find_gateway(database, gateway=gateway_id)


@post(
    "/{gateway_id:str}/resend",
    status_code=202,
    opt={OPTION: Access.OPERATOR},
    operation_class=ResendOperation,
    responses=responses(400, 401, 403, 404, 409, 413, 503),
    request_max_body_size=MAX_BODY_BYTES,
)
async def resend(
    request: Request[Caller, Any, Any],
    gateway_id: FromPath[str],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Resend:
    """Ask a gateway to send a time range again, as far as it still holds it.

    It is told with the receipt of its next upload, and answers with its next report on itself.
    """
    start, end = read_resend(bytes(body), now=now)
    return await ask_resend(
        database, gateway=gateway_id, start=start, end=end, by=request.user.name, now=now
    )


def read_resend(body: bytes, *, now: datetime) -> tuple[datetime, datetime]:
    """Return the time range that a body asks for.

    Raises:
        ProblemError: It is none, or none that has been.
    """
    try:
        wanted = msgspec.json.decode(body, type=ResendWanted)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise bad_request(f"body is not from and to as JSON: {error}") from error
    start, end = read_time("from", wanted.start), read_time("to", wanted.end)
    if start >= end:
        raise bad_request(
            f"from is {show(start)} and to is {show(end)}; allowed is a from before the to",
            title="bad range",
        )
    if end > now + _CLOCKS_DIFFER:
        raise bad_request(
            f"to is {show(end)}, which is in the future; allowed is until {show(now)}",
            title="bad range",
        )
    return start, end


def gateways_router() -> Router:
    """Return the routes of gateways."""
    return Router(
        "/api/gateways",
        route_handlers=[all_gateways, one_gateway, resend],
        opt={OPTION: Access.VIEWER},
        tags=["gateways"],
    )
