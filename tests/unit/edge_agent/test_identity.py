import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import IdentityError
from edge_agent.identity import (
    Card,
    IdentityFiles,
    card_path,
    exposed,
    load_identity,
    load_or_make_key,
    write_card,
    write_key,
)


def test_an_identity_one_may_not_look_for_is_a_sentence(tmp_path):
    path = tmp_path / ("x" * 300)  # even root gets an error for this one
    for look in (IdentityFiles(path).get, lambda: exposed(path), lambda: load_or_make_key(path)):
        with pytest.raises(IdentityError, match="xxx"):
            look()


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (lambda path: path, "identity.pem is damaged, or is none: .*enroll --new-key"),
        (card_path, "identity.json is damaged: enroll it again, `edge-agent enroll`"),
    ],
)
def test_a_damaged_identity_is_told_in_words_of_ours(tmp_path, damaged, said):
    path = tmp_path / "identity.pem"
    write_key(path, Ed25519PrivateKey.generate())
    write_card(path, Card("gw-1", "alpha", "https://c.example"))
    file = damaged(path)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(IdentityError, match=said) as raised:
        load_identity(path)
    assert "cryptography.io" not in str(raised.value)
