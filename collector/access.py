"""Who asks, and whether that is enough: the one place that decides it for every route."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.kept import Kept
from collector.refusals import bad_request
from collector.roles import ALLOWED, OPTION, SIGNED, Access, Caller, Role
from collector.sessions import (
    COOKIE,
    OPEN_LIFETIME,
    find_session,
    open_session,
    session_cookie,
)
from collector.throttle import Throttle
from collector.tokens import Callers
from shared.errors import ClockError, InvalidTokenError
from shared.signing import claimed_gateway, verify

GATEWAY_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_OPEN_SESSIONS: Final = 30
_DOTS_OF_A_SIGNED_TOKEN: Final = 2


class _Gateway(msgspec.Struct, frozen=True):
    gateway_key: int
    site_key: int
    site: str
    public_key: bytes


_FIND: Final = Statement.load("gateway_find", row=_Gateway)


class GatewayKeys:
    """The public keys of gateways that upload."""

    def __init__(self) -> None:
        self._kept: Kept[str, tuple[Caller, Ed25519PublicKey]] = Kept()

    async def find(
        self, gateway: str, *, database: Database, now: datetime
    ) -> tuple[Caller, Ed25519PublicKey] | None:
        """Return a gateway and its key; None when it is unknown or revoked."""
        known = self._kept.get(gateway, now=now)
        if known is None and (row := await _FIND.first(database, gateway=gateway)):
            caller = Caller(
                role=Role.GATEWAY,
                name=gateway,
                site_key=row.site_key,
                site=row.site,
                gateway_key=row.gateway_key,
            )
            known = caller, Ed25519PublicKey.from_public_bytes(row.public_key)
            self._kept.put(gateway, known, now=now)
        return known


class Authentication(ASGIMiddleware):
    """Finds out who asks; routes then find the `Caller`, or None, as ``request.user``."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, console_open: bool) -> None:
        self._console_open = console_open
        self._keys = GatewayKeys()
        self._callers = Callers()
        self._open_sessions = Throttle(limit=_OPEN_SESSIONS, window=timedelta(minutes=1))

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Put the caller into the scope, and a cookie into the answer where one is due."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise bad_request("the address has a NUL character, which no id has")
        asked = asked_of(scope["route_handler"])
        scope["user"] = None
        if asked is Access.PAGE:
            send = await self._page(Request(scope, receive, send), send)
        elif asked is not Access.PUBLIC:
            scope["user"] = await self._caller(Request(scope, receive, send), asked=asked)
        await next_app(scope, receive, send)

    async def _caller(
        self, request: Request[Any, Any, Any], *, asked: Access | None
    ) -> Caller | None:
        database: Database = request.app.state.database
        now = datetime.now(UTC)
        header = request.headers.get("authorization")
        if header is None:
            return await self._session(request, now=now)
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token.isascii():
            raise unauthorized(given=True)
        if token.count(".") != _DOTS_OF_A_SIGNED_TOKEN:
            caller = await self._callers.find(token, database=database, now=now)
        elif asked in SIGNED:
            caller = await self._signed(request, token=token, now=now)
        else:
            caller = None
        if caller is None:
            raise unauthorized(given=True)
        return caller

    async def _signed(
        self, request: Request[Any, Any, Any], *, token: str, now: datetime
    ) -> Caller | None:
        try:
            gateway = claimed_gateway(token)
            if not GATEWAY_ID.fullmatch(gateway):
                return None
            found = await self._keys.find(gateway, database=request.app.state.database, now=now)
            if found is None:
                return None
            caller, key = found
            verify(token, body=await request.body(), key=key, now=now)
        except ClockError as error:
            raise _wrong_clock(now) from error
        except InvalidTokenError:
            return None
        return caller

    async def _session(self, request: Request[Any, Any, Any], *, now: datetime) -> Caller | None:
        # A cookie goes along whoever asks; a browser says, beyond any page's reach, who did.
        ours = request.headers.get("sec-fetch-site") == "same-origin"
        if request.method != "GET" and not ours:
            return None
        return await find_session(
            request.app.state.database,
            secret=request.cookies.get(COOKIE),
            console_open=self._console_open,
            now=now,
        )

    async def _page(self, request: Request[Any, Any, Any], send: Send) -> Send:
        """Know a page's visitor by the cookie; where the console is open, give a cookie."""
        if not (self._console_open or COOKIE in request.cookies):
            return send
        now, client = datetime.now(UTC), client_of(request)
        request.scope["user"] = await self._session(request, now=now)
        busy = self._open_sessions.wait_seconds(client, now=now)
        if request.user is not None or not self._console_open or busy or request.method != "GET":
            return send
        self._open_sessions.count(client, now=now)
        secret = await open_session(request.app.state.database, token=None, now=now)
        cookie = session_cookie(request, secret=secret, lifetime=OPEN_LIFETIME)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                name, value = cookie.to_encoded_header()
                message["headers"] = [*message["headers"], (name, value)]
            await send(message)

        return with_cookie


def asked_of(handler: BaseRouteHandler) -> Access | None:
    """Return what a route asks; None when it does not say, which lets nobody in."""
    if handler.opt.get("exclude_from_auth"):
        return Access.PAGE
    return handler.opt.get(OPTION)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request through when its caller's role is enough for the route.

    It waits for nothing; but one that is not `async` is run in a thread, for each request.

    Raises:
        ProblemError: Nobody in particular asks (401), or the role is not enough (403).
    """
    asked = asked_of(handler)
    if asked in {Access.PUBLIC, Access.PAGE}:
        return
    caller: Caller | None = connection.user
    if caller is None:
        raise unauthorized(given=False)
    allowed = frozenset() if asked is None else ALLOWED[asked]
    if caller.role not in allowed:
        raise _forbidden(caller.role, allowed=allowed)


def unauthorized(*, given: bool) -> ProblemError:
    """Return the error for a request without an acceptable token.

    Args:
        given: Whether there was a token; why it is not acceptable is not told.
    """
    challenge = 'Bearer realm="heliograph"' + (', error="invalid_token"' if given else "")
    return ProblemError(
        "an acceptable token is needed: Authorization: Bearer <token>",
        status=401,
        title="unauthorized",
        headers={"WWW-Authenticate": challenge},
    )


def _forbidden(role: Role, *, allowed: frozenset[Role]) -> ProblemError:
    who = ["a gateway" if one is Role.GATEWAY else one.value for one in Role if one in allowed]
    return ProblemError(
        f"this is not for the role {role}; allowed is {' or '.join(who) or 'nobody'}",
        status=403,
        title="forbidden",
    )


def client_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address a request comes from."""
    return connection.client.host if connection.client else ""


def _wrong_clock(now: datetime) -> ProblemError:
    return ProblemError(
        "the gateway's clock is wrong; sign again with server_time",
        status=401,
        title="clock",
        headers={"WWW-Authenticate": 'Bearer realm="heliograph", error="invalid_token"'},
        extra={"server_time": now.isoformat().replace("+00:00", "Z")},
    )
