import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ClockError, InvalidTokenError
from shared.signing import AUDIENCE, LEEWAY, LIFETIME, claimed_gateway, sign, verify

# Far from any clock: the time passed in must be the only one that counts.
NOW = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
BODY = b"\0\1segments"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


def signed(**changes):
    """A rightly signed token with other claims; ``...`` leaves one out."""
    claims = {
        "iss": "gw-1",
        "aud": AUDIENCE,
        "iat": NOW.timestamp(),
        "exp": (NOW + LIFETIME).timestamp(),
        "body_sha256": hashlib.sha256(BODY).hexdigest(),
    } | changes
    return jwt.encode(
        {name: claim for name, claim in claims.items() if claim is not ...}, KEY, algorithm="EdDSA"
    )


def check(token, *, body=BODY, now=NOW):
    verify(token, body=body, key=KEY.public_key(), now=now)


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_what_a_gateway_signs_is_accepted():
    token = sign(BODY, key=KEY, gateway="gw-1", now=NOW)
    assert claimed_gateway(token) == "gw-1"
    check(token)


@given(body=st.binary(), other=st.binary())
def test_a_token_is_for_one_body(body, other):
    token = sign(body, key=KEY, gateway="gw-1", now=NOW)
    check(token, body=body)
    if other != body:
        with pytest.raises(InvalidTokenError, match="another body"):
            check(token, body=other)


def assert_refused(token, **how):
    with pytest.raises(InvalidTokenError) as refusal:
        check(token, **how)
    assert not isinstance(refusal.value, ClockError)


def test_another_key_is_refused():
    assert_refused(sign(BODY, key=OTHER, gateway="gw-1", now=NOW))


def test_another_key_at_another_time_learns_nothing_about_clocks():
    assert_refused(sign(BODY, key=OTHER, gateway="gw-1", now=NOW - timedelta(days=1)))


def test_a_changed_claim_breaks_the_signature():
    head, _, signature = signed().split(".")
    claims = {"iss": "gw-2", "aud": AUDIENCE, "iat": 1, "exp": 2, "body_sha256": "x"}
    assert_refused(f"{head}.{part(json.dumps(claims).encode())}.{signature}")


def test_no_algorithm_is_refused():
    claims = jwt.decode(signed(), options={"verify_signature": False})
    assert_refused(jwt.encode(claims, None, algorithm="none"))
    head = part(b'{"alg":"none","typ":"JWT"}')
    assert_refused(f"{head}.{signed().split('.')[1]}.{signed().split('.')[2]}")


@pytest.mark.parametrize(
    "form", [(Encoding.Raw, PublicFormat.Raw), (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
)
def test_the_public_key_is_no_shared_secret(form):
    claims = jwt.decode(signed(), options={"verify_signature": False})
    head = part(b'{"alg":"HS256","typ":"JWT"}')
    message = f"{head}.{part(json.dumps(claims).encode())}"
    secret = KEY.public_key().public_bytes(*form)
    assert_refused(f"{message}.{part(hmac.digest(secret, message.encode(), 'sha256'))}")


def test_a_key_brought_along_in_the_header_is_not_used():
    claims = jwt.decode(signed(), options={"verify_signature": False})
    public = part(OTHER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    header = {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": public}, "kid": "gw-1"}
    assert_refused(jwt.encode(claims, OTHER, algorithm="EdDSA", headers=header))


@pytest.mark.parametrize("claim", ["iss", "aud", "iat", "exp", "body_sha256"])
def test_every_claim_is_required(claim):
    assert_refused(signed(**{claim: ...}))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-service"},
        {"body_sha256": ""},
        {"body_sha256": 7},
        {"iat": "soon"},
        {"iat": None},
        {"exp": [1]},
        {"exp": 10**400},
        {"iat": -(10**400)},
        {"exp": (NOW + LIFETIME + timedelta(seconds=1)).timestamp()},
        {"exp": (NOW + timedelta(days=365)).timestamp()},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_wrong_claims_are_refused_although_rightly_signed(changes):
    assert_refused(signed(**changes))


@pytest.mark.parametrize(
    "shift", [timedelta(0), LEEWAY, -LEEWAY, LIFETIME + LEEWAY], ids=lambda shift: f"{shift}"
)
def test_clocks_may_differ_a_little(shift):
    check(signed(), now=NOW + shift)


@pytest.mark.parametrize(
    "shift",
    [
        timedelta(days=-9000),
        -LEEWAY - timedelta(seconds=1),
        LIFETIME + LEEWAY + timedelta(seconds=1),
        timedelta(days=9000),
    ],
    ids=lambda shift: f"{shift}",
)
def test_another_time_is_a_matter_of_the_clock(shift):
    with pytest.raises(ClockError):
        check(signed(), now=NOW + shift)


def test_another_time_with_another_body_is_no_matter_of_the_clock():
    assert_refused(signed(), now=NOW + timedelta(days=1), body=b"other")


GARBAGE = [
    "",
    "..",
    "a.b.c",
    "a.b",
    "\ud800.a.b",
    "é.é.é",
    f"{part(b'{}')}.{part(b'{}')}.",
    f"{part(b'[]')}.{part(b'{}')}.{part(b'x' * 64)}",
    f"{part(b'[' * 100_000)}.{part(b'{}')}.{part(b'x' * 64)}",
    f"{part(json.dumps({'alg': 'EdDSA'}).encode())}.{part(b'[' * 100_000)}.{part(b'x' * 64)}",
    f"{part(json.dumps({'alg': 'EdDSA'}).encode())}.{part(b'[]')}.{part(b'x' * 64)}",
]


@pytest.mark.parametrize("token", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_token_is_refused(token):
    assert_refused(token)
    with pytest.raises(InvalidTokenError):
        claimed_gateway(token)


@given(st.text(max_size=200))
def test_any_text_is_refused(token):
    assert_refused(token)


@pytest.mark.parametrize("issuer", [..., 7, None, ["gw-1"]], ids=str)
def test_a_token_must_name_its_gateway(issuer):
    token = signed(iss="gw-1") if issuer is ... else None
    claims = jwt.decode(token or signed(), options={"verify_signature": False})
    claims.pop("iss") if issuer is ... else claims.update(iss=issuer)
    head = part(json.dumps({"alg": "EdDSA"}).encode())
    with pytest.raises(InvalidTokenError):
        claimed_gateway(f"{head}.{part(json.dumps(claims).encode())}.{part(b'x' * 64)}")
