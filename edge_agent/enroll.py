"""Enrolment: the collector learns our public key, once, against a token an operator made."""

import base64
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.errors import CollectorAwayError, EnrollmentError
from edge_agent.identity import Card, load_or_make_key, replace_identity
from edge_agent.problems import why


class _Answer(msgspec.Struct, frozen=True):
    gateway_id: str
    site: str
    model_key: str | None = None


async def enroll(
    client: httpx.AsyncClient, *, token: str, path: Path, new_key: bool = False
) -> Card:
    """Make a key if there is none, enrol it, and write the identity.

    Repeating it with the same token is harmless: the collector gives the same answer to the same
    key, so a lost reply costs nothing.

    Args:
        client: To the collector.
        token: The one-time token.
        path: Where the private key is, or shall be.
        new_key: Make another key although there is one; it waits beside the old one until the
            collector has accepted it, also for another try if the reply is lost.

    Raises:
        EnrollmentError: The collector refuses the token.
        CollectorAwayError: It cannot be reached, or does not answer as a collector.
        IdentityError: The key cannot be read or written.
    """
    key_file = path.with_name(f"{path.name}.enrolling") if new_key else path
    key = load_or_make_key(key_file)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    public_key = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    try:
        response = await client.post("/api/enroll", json={"token": token, "public_key": public_key})
    except httpx.HTTPError as error:
        raise CollectorAwayError(why(error)) from error
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise EnrollmentError(
            "the collector refuses this token: it may be mistyped, expired, revoked, or used by "
            "another gateway; `collector enrollment create` makes a new one"
        )
    if response.is_error:
        raise CollectorAwayError(f"the collector answers HTTP {response.status_code}")
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CollectorAwayError(f"what answers there is no collector: {error}") from error
    url = str(client.base_url).rstrip("/")
    card = Card(answer.gateway_id, answer.site, url, answer.model_key)
    replace_identity(path, made=key_file, card=card)
    return card
