"""API tokens: random, shown once, kept as their SHA-256."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.kept import Kept
from collector.queries.sites import find_site
from collector.roles import Caller, Role

PREFIX: Final = "hg_"
_RANDOM_BYTES: Final = 32
TOKEN_ROLES: Final = (Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.INGEST)


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a token; not the token."""

    token_id: int
    """The number by which it is revoked."""
    name: str
    """Whom or what it was made for."""
    role: Role
    """What it may do."""
    site: str | None
    """The site an ingest token is bound to."""
    created_at: datetime
    """When it was made, UTC."""
    expires_at: datetime | None
    """When it ends to be accepted, UTC; None for never."""
    revoked_at: datetime | None
    """When it was revoked, UTC."""


class _Known(msgspec.Struct, frozen=True):
    name: str
    role: Role
    site_key: int | None
    site: str | None


_CREATE: Final = Statement.load("token_create", row=ApiToken)
_LIST: Final = Statement.load("token_list", row=ApiToken)
_REVOKE: Final = Statement.load("token_revoke", row=ApiToken)
_FIND: Final = Statement.load("token_find", row=_Known)


def digest(token: str) -> bytes:
    """Return what is kept of a token. It is random, so a plain hash gives nothing away."""
    return hashlib.sha256(token.encode()).digest()


def new_secret(prefix: str) -> str:
    """Return a new random token: the prefix and 43 characters."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


async def create_token(
    database: Database, *, name: str, role: Role, site: str | None, expires_at: datetime | None
) -> tuple[str, ApiToken]:
    """Make a token.

    Args:
        database: Where it is kept.
        name: Whom or what it is for.
        role: What it may do.
        site: The site, for the role ingest and for no other.
        expires_at: UTC, or None for never.

    Returns:
        The token itself, which nothing can show again, and what is known about it.

    Raises:
        ProblemError: The role and the site do not go together, or there is no such site.
    """
    if (role == Role.INGEST) != (site is not None):
        raise ProblemError(
            f"role is {role} and site is {site!r}; the role ingest needs a site, others have none",
            status=400,
            title="bad request",
        )
    site_key = None if site is None else (await find_site(database, site=site)).site_key
    token = new_secret(PREFIX)
    row = await _CREATE.first(
        database,
        name=name,
        hash=digest(token),
        role=role.value,
        site_key=site_key,
        expires_at=expires_at,
    )
    assert row is not None  # noqa: S101 - INSERT ... RETURNING
    return token, row


async def list_tokens(database: Database) -> list[ApiToken]:
    """Return all tokens, the newest first."""
    return await _LIST.all(database)


async def revoke_token(database: Database, *, token_id: int, now: datetime) -> ApiToken:
    """Stop accepting a token, and the sessions made with it.

    Raises:
        ProblemError: There is no such token.
    """
    row = await _REVOKE.first(database, token_id=token_id, now=now)
    if row is None:
        raise ProblemError(f"there is no token {token_id}", status=404, title="unknown token")
    return row


async def find_caller(database: Database, *, token: str, now: datetime) -> Caller | None:
    """Return whose token this is; None when it is unknown, expired or revoked."""
    if not token.startswith(PREFIX):
        return None
    known = await _FIND.first(database, hash=digest(token), now=now)
    if known is None:
        return None
    return Caller(role=known.role, name=known.name, site_key=known.site_key, site=known.site)


class Callers:
    """Whose the tokens are that come with questions."""

    def __init__(self) -> None:
        self._kept: Kept[bytes, Caller] = Kept()

    async def find(self, token: str, *, database: Database, now: datetime) -> Caller | None:
        """Return whose token this is; None when it is unknown, expired or revoked."""
        key = digest(token)
        caller = self._kept.get(key, now=now)
        if caller is None and (caller := await find_caller(database, token=token, now=now)):
            self._kept.put(key, caller, now=now)
        return caller
