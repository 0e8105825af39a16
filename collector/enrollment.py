"""Enrolment: a one-time token and a public key become a gateway of a site."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.sites import find_site
from collector.signer import signing_key
from collector.tokens import digest, new_secret
from shared.model_card import key_text

PREFIX: Final = "he_"
DEFAULT_LIFETIME: Final = timedelta(days=7)
_KEY_BYTES: Final = 32


class Enrollment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a gateway that enrolled."""

    gateway_id: str
    """The issuer of all tokens the gateway signs."""
    site: str
    """The site it belongs to."""
    server_time: datetime
    """The collector's clock, UTC."""
    model_key: str
    """The key that vouches for models, Ed25519: base64url of 32 raw bytes, without padding. The
    gateway trusts no other from now on."""


class _Expiry(msgspec.Struct, frozen=True):
    expires_at: datetime


class _Locked(msgspec.Struct, frozen=True):
    site_key: int
    site: str
    expires_at: datetime
    gateway_id: str | None
    public_key: bytes | None
    revoked_at: datetime | None


class _Enrolled(msgspec.Struct, frozen=True):
    gateway_key: int
    gateway_id: str


_CREATE: Final = Statement.load("enrollment_create", row=_Expiry)
_LOCK: Final = Statement.load("enrollment_lock", row=_Locked)
_ENROLL: Final = Statement.load("gateway_enroll", row=_Enrolled)
_REDEEM: Final = Statement.load("enrollment_redeem", row=_Expiry)


async def create_enrollment(
    database: Database, *, site: str, lifetime: timedelta, now: datetime
) -> tuple[str, datetime]:
    """Make a one-time token for a gateway of a site.

    Returns:
        The token, which nothing can show again, and when it expires (UTC).

    Raises:
        ProblemError: There is no such site.
    """
    found = await find_site(database, site=site)
    token, expires_at = new_secret(PREFIX), now + lifetime
    await _CREATE.all(
        database, hash=digest(token), site_key=found.site_key, now=now, expires_at=expires_at
    )
    return token, expires_at


def read_public_key(text: str) -> bytes:
    """Return the 32 raw bytes of an Ed25519 public key.

    Raises:
        ProblemError: The text is no such key.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError) as error:
        raise ProblemError(
            f"public_key is not an Ed25519 key: allowed is base64url of {_KEY_BYTES} bytes",
            status=400,
            title="bad request",
        ) from error
    return raw


async def redeem(database: Database, *, token: str, public_key: bytes, now: datetime) -> Enrollment:
    """Make a gateway of whoever has the token; the same key gets the same answer again.

    Args:
        database: Where gateways are kept.
        token: The one-time token.
        public_key: 32 raw bytes.
        now: UTC.

    Raises:
        ProblemError: The token is unknown, expired, or redeemed by another key.
    """
    hash_ = digest(token)
    model_key = key_text((await signing_key(database, now=now)).public_key())
    async with database.begin() as connection:
        found = await _LOCK.first(connection, hash=hash_)
        if found is None:
            raise _refused()
        if found.public_key is not None and found.gateway_id is not None:
            if found.revoked_at or not hmac.compare_digest(found.public_key, public_key):
                raise _refused()
            return Enrollment(
                gateway_id=found.gateway_id,
                site=found.site,
                server_time=now,
                model_key=model_key,
            )
        if found.expires_at <= now:
            raise _refused()
        enrolled = await _ENROLL.first(
            connection,
            gateway="gw-" + secrets.token_hex(8),
            site_key=found.site_key,
            public_key=public_key,
            now=now,
        )
        if enrolled is None:
            raise _refused()
        await _REDEEM.all(connection, hash=hash_, gateway_key=enrolled.gateway_key, now=now)
        return Enrollment(
            gateway_id=enrolled.gateway_id,
            site=found.site,
            server_time=now,
            model_key=model_key,
        )


def _refused() -> ProblemError:
    return ProblemError(
        "the enrolment token is not acceptable; `collector enrollment create` makes another",
        status=403,
        title="enrolment refused",
    )
