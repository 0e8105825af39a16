"""Browser sessions of the console: a cookie in place of a token, of use from its own pages only."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.roles import Caller, Role
from collector.tokens import digest, new_secret

COOKIE: Final = "heliograph_session"
LIFETIME: Final = timedelta(days=7)
OPEN_LIFETIME: Final = timedelta(hours=12)
_PREFIX: Final = "hs_"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class _Expiry(msgspec.Struct, frozen=True):
    expires_at: datetime


class _Known(msgspec.Struct, frozen=True):
    name: str
    role: Role


_CREATE: Final = Statement.load("session_create", row=_Expiry)
_FIND: Final = Statement.load("session_find", row=_Known)
_DELETE: Final = Statement.load("session_delete", row=_Expiry)


async def open_session(database: Database, *, token: str | None, now: datetime) -> str:
    """Begin a session.

    Args:
        database: Where it is kept, as a hash.
        token: The API token it stands for; None for a viewer of an open console.
        now: UTC.

    Returns:
        The secret that goes into the cookie.
    """
    secret = new_secret(_PREFIX)
    await _CREATE.all(
        database,
        hash=digest(secret),
        token_hash=None if token is None else digest(token),
        now=now,
        expires_at=now + (OPEN_LIFETIME if token is None else LIFETIME),
    )
    return secret


async def find_session(
    database: Database, *, secret: str | None, console_open: bool, now: datetime
) -> Caller | None:
    """Return whose session this is; None when it or its token has ended."""
    if secret is None or not secret.startswith(_PREFIX):
        return None
    known = await _FIND.first(database, hash=digest(secret), console_open=console_open, now=now)
    return None if known is None else Caller(role=known.role, name=known.name)


async def close_session(database: Database, *, secret: str) -> None:
    """End a session; one that is not there is no error."""
    await _DELETE.all(database, hash=digest(secret))


def is_cookie_kept(request: Request[Any, Any, Any]) -> bool:
    """Return whether a browser keeps the cookie of this address: by https, or on loopback."""
    # Browsers send Sec-Fetch-Site to such addresses only, also through a proxy that says http.
    return not _is_plain(request) or _is_loopback(request) or "sec-fetch-site" in request.headers


def session_cookie(
    request: Request[Any, Any, Any], *, secret: str, lifetime: timedelta = LIFETIME
) -> Cookie:
    """Return the cookie for a session; a lifetime of zero takes it away."""
    return Cookie(
        key=COOKIE,
        value=secret,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="strict",
        # Browsers keep no Secure cookie of a plain address, which only a loopback one may be.
        secure=not (_is_plain(request) and _is_loopback(request)),
    )


def _is_plain(request: Request[Any, Any, Any]) -> bool:
    return request.scope["scheme"] == "http"


def _is_loopback(request: Request[Any, Any, Any]) -> bool:
    return urlsplit("//" + request.headers.get("host", "")).hostname in _LOOPBACK
