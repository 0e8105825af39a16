"""Signing a browser in and out of the console."""

import logging
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import msgspec
from litestar import Request, Response, Router, delete, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from collector.access import client_of, unauthorized
from collector.api.bodies import FORM, SignInOperation
from collector.database.engine import Database
from collector.errors import ProblemError
from collector.problems import responses
from collector.refusals import bad_request
from collector.roles import ALLOWED, OPTION, Access, Caller, Role
from collector.sessions import (
    COOKIE,
    close_session,
    is_cookie_kept,
    open_session,
    session_cookie,
)
from collector.throttle import Throttle
from collector.tokens import find_caller

_log: Final = logging.getLogger(__name__)
_OURS: Final = ("same-origin", "none")


class SignIn(msgspec.Struct, frozen=True):
    """What a person signs in with."""

    token: str
    """An API token of the role viewer, operator or admin."""
    next: str = "/"
    """Where a form leads to afterwards, a path."""


class SignedIn(msgspec.Struct, frozen=True):
    """Who is signed in."""

    name: str
    """The token's name."""
    role: Role
    """The token's role, which the session has too."""


@post(
    "/session",
    status_code=200,
    operation_class=SignInOperation,
    responses=responses(400, 401, 403, 413, 429, 503),
)
async def sign_in(
    request: Request[Any, Any, Any],
    body: RawBody,
    database: NamedDependency[Database],
    sign_ins: NamedDependency[Throttle],
    now: NamedDependency[datetime],
) -> Response[SignedIn | None]:
    """Begin a session: the token comes as JSON, or from a form, which is led on by a redirect."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    wanted = read_sign_in(bytes(body), is_form=is_form)
    if request.headers.get("sec-fetch-site", "none") not in _OURS:
        raise ProblemError("sign in from the console itself", status=403, title="forbidden")
    try:
        caller = await _viewer(request, token=wanted.token, attempts=sign_ins, now=now)
    except ProblemError as refusal:
        if not is_form:
            raise
        failed = {401: "token", 403: "address", 429: "attempts"}[refusal.status]
        query = urlencode({"failed": failed, "next_page": local_path(wanted.next)})
        return Response(None, status_code=303, headers={"Location": f"/sign-in?{query}"})
    secret = await open_session(database, token=wanted.token, now=now)
    cookies = [session_cookie(request, secret=secret)]
    if is_form:
        headers = {"Location": local_path(wanted.next)}
        return Response(None, status_code=303, headers=headers, cookies=cookies)
    return Response(SignedIn(caller.name, caller.role), cookies=cookies)


async def _viewer(
    request: Request[Any, Any, Any], *, token: str, attempts: Throttle, now: datetime
) -> Caller:
    """Return whose token it is; only a failed attempt counts, and is refused when too many did.

    Raises:
        ProblemError: The browser would not keep the cookie (403), the token is not acceptable
            (401), or too many were not (429).
    """
    if not is_cookie_kept(request):
        raise ProblemError(
            "the console needs https, or 127.0.0.1: browsers keep no session otherwise",
            status=403,
            title="insecure address",
        )
    caller = await find_caller(request.app.state.database, token=token, now=now)
    if caller is None or caller.role not in ALLOWED[Access.VIEWER]:
        attempts.refuse_if_busy(client_of(request), now=now)
        attempts.count(client_of(request), now=now)
        why = "its token is not known" if caller is None else f"a token of role {caller.role}"
        _log.warning("refused to sign in %s: %s", client_of(request), why)
        raise unauthorized(given=True)
    return caller


@delete("/session", status_code=204)
async def sign_out(
    request: Request[Any, Any, Any], database: NamedDependency[Database]
) -> Response[None]:
    """End the session of the cookie, if there is one."""
    if secret := request.cookies.get(COOKIE):
        await close_session(database, secret=secret)
    gone = session_cookie(request, secret="", lifetime=timedelta(0))
    return Response(None, status_code=204, cookies=[gone])


def read_sign_in(body: bytes, *, is_form: bool) -> SignIn:
    """Return what a body signs in with.

    Raises:
        ProblemError: There is no token in it.
    """
    try:
        if not is_form:
            return msgspec.json.decode(body, type=SignIn)
        fields = parse_qs(body.decode("ascii"), max_num_fields=8)
        return msgspec.convert({name: values[-1] for name, values in fields.items()}, SignIn)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise bad_request('body has no token, allowed is {"token": ...} or a form') from error


def local_path(wanted: str) -> str:
    """Return ``wanted`` when it is a path of this origin, else ``/``."""
    is_local = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_local and wanted.isprintable() and wanted.isascii() else "/"


def session_router() -> Router:
    """Return the routes of the session."""
    return Router(
        "/",
        route_handlers=[sign_in, sign_out],
        opt={OPTION: Access.PUBLIC},
        tags=["session"],
        request_max_body_size=4096,
    )
