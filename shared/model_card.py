"""A model file, and who vouches for it: version, digest, size, the collector's signature."""

import base64
import binascii
import hashlib
import re
from typing import Final, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import InvalidModelError

MAX_MODEL_BYTES: Final = 1_000_000
"""A model's file has at most so many bytes: gateways store it, and narrow links carry it."""
MODEL_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a version looks like; it becomes the name of a file."""
SHIPPED: Final = "shipped"
"""Stands for the model that came with the agent."""
RULES: Final = "rules"
"""Stands for no model: the rules alone."""
ALLOWED_VERSION: Final = (
    "1 to 64 letters, digits and . _ - beginning with a letter or digit, as in 2026.11.1, but "
    f"not {SHIPPED} or {RULES}"
)

_VERSION: Final = 1
_KEY_BYTES: Final = 32


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A model file, and the signature that vouches for it."""

    version: str
    """As its metadata says, `MODEL_VERSION`."""
    sha256: str
    """Of the file, hexadecimal."""
    size_bytes: int
    """Of the file."""
    signature: str
    """Ed25519 over all three, base64url."""

    @classmethod
    def sign(cls, data: bytes, *, version: str, key: Ed25519PrivateKey) -> Self:
        """Vouch for a file.

        Args:
            data: The file.
            version: As its metadata says.
            key: The collector's.
        """
        digest = hashlib.sha256(data).digest()
        signature = key.sign(_signed_text(version, digest=digest, size_bytes=len(data)))
        return cls(
            version=version,
            sha256=digest.hex(),
            size_bytes=len(data),
            signature=base64.urlsafe_b64encode(signature).decode(),
        )

    def verify(self, key: Ed25519PublicKey) -> None:
        """Check that the key's owner vouches for the version, digest and size.

        Raises:
            InvalidModelError: It does not, or they cannot be a model's.
        """
        check_version(self.version)
        if not 0 < self.size_bytes <= MAX_MODEL_BYTES:
            raise InvalidModelError(
                f"model {self.version} is of {self.size_bytes} bytes, allowed are 1 to "
                f"{MAX_MODEL_BYTES}"
            )
        try:
            signature = base64.b64decode(self.signature, altchars=b"-_", validate=True)
            text = _signed_text(
                self.version, digest=bytes.fromhex(self.sha256), size_bytes=self.size_bytes
            )
            key.verify(signature, text)
        except (InvalidSignature, ValueError) as error:  # binascii.Error is a ValueError
            raise InvalidModelError(
                f"the signature of model {self.version} is not by the collector's key"
            ) from error

    def check(self, data: bytes) -> None:
        """Check that a file is the one that is vouched for.

        Raises:
            InvalidModelError: It is cut short, or another.
        """
        if len(data) != self.size_bytes:
            raise InvalidModelError(
                f"the file of model {self.version} has {len(data)} bytes, not {self.size_bytes}"
            )
        if (found := hashlib.sha256(data).hexdigest()) != self.sha256:
            raise InvalidModelError(
                f"the file of model {self.version} was changed: its SHA-256 is {found}, not "
                f"{self.sha256}"
            )


def check_version(version: str) -> None:
    """Check that a text may be a model's version.

    Raises:
        InvalidModelError: It may not.
    """
    if not MODEL_VERSION.fullmatch(version) or version in {SHIPPED, RULES}:
        raise InvalidModelError(f"a model's version is {version!r}, allowed are {ALLOWED_VERSION}")


def key_text(key: Ed25519PublicKey) -> str:
    """Return a public key as text: base64url of 32 raw bytes, without padding."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()


def key_of(text: str) -> Ed25519PublicKey:
    """Return the public key that `key_text` wrote.

    Raises:
        InvalidModelError: It is none.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError) as error:
        raise InvalidModelError(
            f"the key {text[:64]!r} that vouches for models is no Ed25519 key: allowed is "
            f"base64url of {_KEY_BYTES} bytes"
        ) from error


def _signed_text(version: str, *, digest: bytes, size_bytes: int) -> bytes:
    """Return what is signed; it can be no other thing that anyone signs."""
    head = b"heliograph model\0" + _VERSION.to_bytes(2, "big")
    return head + digest + size_bytes.to_bytes(8, "big") + version.encode()
