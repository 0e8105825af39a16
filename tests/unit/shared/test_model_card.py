import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.onnx_files import onnx_file, with_metadata
from shared.errors import InvalidModelError
from shared.model_card import MAX_MODEL_BYTES, ModelCard, key_of, key_text
from shared.onnx_file import metadata_of, version_of

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
FILE = onnx_file("2026.11.1", training_sha256="abc")
CARD = ModelCard.sign(FILE, version="2026.11.1", key=KEY)


def test_a_file_that_was_signed_is_the_one():
    CARD.verify(KEY.public_key())
    CARD.check(FILE)


def test_a_key_survives_being_written_down():
    assert key_of(key_text(KEY.public_key())) == KEY.public_key()


@pytest.mark.parametrize("text", ["", "x", "!" * 43, "A" * 42, "ü"])
def test_a_text_that_is_no_key_is_refused(text):
    with pytest.raises(InvalidModelError, match="no Ed25519 key"):
        key_of(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2026.11.2"},
        {"size_bytes": CARD.size_bytes + 1},
        {"sha256": "0" * 64},
        {"sha256": "no digest"},
        {"signature": CARD.signature[:-4] + "AAA="},
        {"signature": "ü"},
        {"signature": ""},
    ],
)
def test_what_is_not_as_it_was_signed_is_not_vouched_for(changes):
    with pytest.raises(InvalidModelError, match="not by the collector's key"):
        msgspec.structs.replace(CARD, **changes).verify(KEY.public_key())


def test_another_key_vouches_for_nothing():
    with pytest.raises(InvalidModelError, match="not by the collector's key"):
        CARD.verify(OTHER.public_key())


@pytest.mark.parametrize("version", ["../2026", "", ".hidden", "a/b", "shipped", "rules", "x" * 65])
def test_a_version_that_can_be_no_name_of_a_file_is_refused_though_signed(version):
    card = ModelCard.sign(FILE, version=version, key=KEY)
    with pytest.raises(InvalidModelError, match="allowed are 1 to 64 letters"):
        card.verify(KEY.public_key())
    with pytest.raises(InvalidModelError, match="allowed are 1 to 64 letters"):
        version_of(with_metadata(FILE, version=version))


def test_a_changed_and_a_shortened_file_are_told_apart():
    with pytest.raises(InvalidModelError, match="was changed: its SHA-256 is"):
        CARD.check(FILE[:-1] + b"?")
    with pytest.raises(InvalidModelError, match=f"has {len(FILE) - 1} bytes, not {len(FILE)}"):
        CARD.check(FILE[:-1])


def test_a_files_metadata_is_read_without_a_runtime():
    assert metadata_of(FILE) == {
        "heliograph.version": "2026.11.1",
        "heliograph.training_sha256": "abc",
    }
    assert version_of(with_metadata(FILE, version="7")) == "7"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no graph"),
        (b"\x08\x08", "no graph"),
        (b"not a model at all", "no ONNX model"),
        (FILE[:-1], "ends after the file"),
        (b"\xff" * 20, "no end"),
        (onnx_file().replace(b"heliograph", b"somebodies"), "no metadata property"),
        (b"\0" * (MAX_MODEL_BYTES + 1), "allowed are 1000000"),
    ],
)
def test_what_is_no_model_is_refused_with_a_reason(data, words):
    with pytest.raises(InvalidModelError, match=words):
        version_of(data)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_are_read_as_anything_but_a_version_or_a_reason(data):
    with pytest.raises(InvalidModelError):
        version_of(data)


@settings(max_examples=100)
@given(at=st.integers(0, len(FILE) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_of_a_file_is_never_overlooked(at, bit):
    changed = bytearray(FILE)
    changed[at] ^= 1 << bit
    with pytest.raises(InvalidModelError):
        CARD.check(bytes(changed))
