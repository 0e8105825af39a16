"""How a gateway proves who it is: short-lived JSON Web Tokens signed with Ed25519.

Each token is for one body: it carries the SHA-256 of the bytes sent. Repeating a captured request
changes nothing, because ingest counts every segment once.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import ClockError, InvalidTokenError

AUDIENCE: Final = "heliograph-collector"
LIFETIME: Final = timedelta(seconds=120)
LEEWAY: Final = timedelta(seconds=60)
"""How far a gateway's clock may differ from the collector's."""

_ALGORITHM: Final = "EdDSA"
_CLAIMS: Final = ["iss", "aud", "iat", "exp", "body_sha256"]


def sign(body: bytes, *, key: Ed25519PrivateKey, gateway: str, now: datetime) -> str:
    """Return the token for one body.

    Args:
        body: The bytes as they are sent.
        key: The gateway's private key.
        gateway: The gateway's id, which becomes the issuer.
        now: The time to put into the token, UTC, corrected to the collector's clock.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": gateway,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    signed = f"{_part({'alg': _ALGORITHM, 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_text(key.sign(signed.encode()))}"


def claimed_gateway(token: str) -> str:
    """Return who a token says it is from, nothing verified yet.

    Raises:
        InvalidTokenError: It is not a token with an issuer.
    """
    import jwt  # noqa: PLC0415 - as in `verify`

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidTokenError("token cannot be decoded") from error
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise InvalidTokenError("token names no gateway")
    return issuer


def verify(token: str, *, body: bytes, key: Ed25519PublicKey, now: datetime) -> None:
    """Check a token against the body it came with.

    Raises:
        ClockError: The signature is right, but the times are not acceptable at ``now``.
        InvalidTokenError: Anything else is wrong.
    """
    import jwt  # noqa: PLC0415 - a gateway only signs, and has no memory for what verifies

    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            # The times are judged below, against the time passed in.
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        issued, expires = float(claims["iat"]), float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidTokenError("token is not valid") from error
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(str(claims["body_sha256"]).encode(), digest.encode()):
        raise InvalidTokenError("token is for another body")
    if expires - issued > LIFETIME.total_seconds():
        raise InvalidTokenError("token lives too long")
    leeway = LEEWAY.total_seconds()
    if not issued - leeway <= now.timestamp() <= expires + leeway:
        raise ClockError("token is from another time")


def _part(values: dict[str, Any]) -> str:
    return _text(msgspec.json.encode(values))


def _text(data: bytes) -> str:
    """Return bytes as tokens have them (RFC 7515): base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
