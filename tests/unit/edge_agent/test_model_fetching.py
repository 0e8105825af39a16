"""Whose models are believed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import ModelError
from edge_agent.identity import Card, IdentityFiles, load_or_make_key, write_card
from edge_agent.model_fetching import Pin
from shared.model_card import key_text

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key()
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32).public_key()


@pytest.fixture
def enrolled(tmp_path):
    """`enrolled(model_key)`: the pin of a gateway that was told this key when it enrolled."""

    def make(model_key=None):
        path = tmp_path / "identity.pem"
        load_or_make_key(path)
        write_card(path, Card("gw-1", "alpha", "http://c", model_key))
        return Pin(IdentityFiles(path), path=path)

    return make


def test_a_gateway_that_enrolled_before_there_was_a_key_believes_the_first_and_no_other(enrolled):
    pin = enrolled()
    assert pin.key() is None
    assert pin.agree(key_text(KEY)) == KEY
    assert pin.key() == KEY
    with pytest.raises(ModelError, match=r"enrol again \(edge-agent enroll\)"):
        pin.agree(key_text(OTHER))
    assert pin.key() == KEY


def test_the_key_told_at_enrolment_is_the_one(enrolled):
    pin = enrolled(key_text(KEY))
    assert pin.key() == KEY
    with pytest.raises(ModelError, match="pinned is"):
        pin.agree(key_text(OTHER))


def test_what_is_no_key_is_not_pinned(enrolled):
    pin = enrolled()
    with pytest.raises(ModelError, match="no Ed25519 key"):
        pin.agree("nonsense")
    assert pin.key() is None
