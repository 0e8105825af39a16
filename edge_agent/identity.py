"""Who this gateway is: its Ed25519 key, and the id and site the collector gave it."""

import os
import stat
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import IdentityError

_PRIVATE: Final = 0o600


class Card(msgspec.Struct, frozen=True):
    """What the collector said at enrolment; kept beside the key."""

    gateway_id: str
    """The gateway's id."""
    site: str
    """The site the token was for."""
    collector_url: str
    """The collector it was."""
    model_key: str | None = None
    """The key that vouches for models there, as `shared.model_card` writes it; once known, no
    other is believed until the next enrolment."""


class Identity(msgspec.Struct, frozen=True):
    """A key and whose it is."""

    key: Ed25519PrivateKey
    """Signs what we send; never leaves this machine."""
    gateway_id: str
    """The gateway's id at the collector."""
    site: str
    """The id of the site it belongs to."""
    model_key: str | None = None
    """The key that vouches for models; None before the collector told it."""


class IdentityFiles:
    """The identity as it is on disk now: a new enrolment counts without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, ...] = ()
        self._identity: Identity | None = None

    def get(self) -> Identity:
        """Return the identity, reading it again only if its files changed.

        Raises:
            IdentityError: There is none, or its files cannot be used.
        """
        try:
            files = (self._path, card_path(self._path))
            written = tuple(file.stat().st_mtime_ns for file in files)
        except OSError:
            written = ()
        if self._identity is None or written != self._read_at:
            self._identity = load_identity(self._path)
            self._read_at = written
        return self._identity


def load_identity(path: Path) -> Identity:
    """Read the identity that enrolment wrote.

    Raises:
        IdentityError: There is none, or its files cannot be used.
    """
    card = _load_card(path)
    return Identity(load_key(path), card.gateway_id, card.site, card.model_key)


def pin_model_key(path: Path, model_key: str) -> None:
    """Believe a key from now on that vouches for models; of one that is pinned already, nothing.

    Raises:
        IdentityError: There is no identity, or it cannot be written.
    """
    card = _load_card(path)
    if card.model_key is None:
        write_card(path, msgspec.structs.replace(card, model_key=model_key))


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        IdentityError: It cannot be read, or is no Ed25519 key.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise IdentityError(f"cannot read the key {path}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # what they say is no help
        raise IdentityError(
            f"this gateway's key {path} is damaged, or is none: enroll it again, "
            "`edge-agent enroll --new-key`"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(f"the key {path} is a {type(key).__name__}, expected is Ed25519")
    return key


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """Return the key at ``path``; make one, readable by us only, if there is none.

    Raises:
        IdentityError: It cannot be read or written.
    """
    if is_there(path):
        return load_key(path)
    key = Ed25519PrivateKey.generate()
    write_key(path, key)
    return key


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a private key, readable by us only, in the place of any that is there.

    Raises:
        IdentityError: It cannot be written.
    """
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_private(path, data=pem)


def write_card(path: Path, card: Card) -> None:
    """Write what the collector said beside the key at ``path``.

    Raises:
        IdentityError: It cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(card), indent=2)
    _write_private(card_path(path), data=data + b"\n")


def replace_identity(path: Path, *, made: Path, card: Card) -> None:
    """Put a key that was enrolled, and what the collector said, in the place of the old ones.

    A crash in between leaves the new key with the old id, which the collector does not accept:
    enrolling once more with the same token completes it.

    Args:
        path: Where the identity is.
        made: Where the new key is; it is moved.
        card: What the collector said.

    Raises:
        IdentityError: They cannot be replaced.
    """
    try:
        made.replace(path)
    except OSError as error:
        raise IdentityError(f"cannot write {path}: {error.strerror}") from error
    write_card(path, card)


def card_path(path: Path) -> Path:
    """Return where the id and site are, beside the key at ``path``."""
    return path.with_suffix(".json")


def _load_card(path: Path) -> Card:
    card_file = card_path(path)
    if not is_there(path) or not is_there(card_file):
        raise IdentityError(f"this gateway is not enrolled (no identity at {path}); "
                            "`edge-agent enroll` does it")  # fmt: skip
    try:
        return msgspec.json.decode(card_file.read_bytes(), type=Card)
    except OSError as error:
        raise IdentityError(f"cannot read {card_file}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IdentityError(
            f"this gateway's identity {card_file} is damaged: enroll it again, `edge-agent enroll`"
        ) from error


def exposed(path: Path) -> bool:
    """Tell whether a file is there and others than its owner may read or write it.

    Raises:
        IdentityError: We may not look.
    """
    return is_there(path) and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def is_there(path: Path) -> bool:
    """Tell whether a file is there.

    Raises:
        IdentityError: We may not look.
    """
    try:
        return path.exists()
    except OSError as error:  # most of all: no permission for its folder
        raise IdentityError(f"cannot look for {path}: {error.strerror}") from error


def _write_private(path: Path, *, data: bytes) -> None:
    """Replace a file so that after a crash there is the old one or the new one, whole."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(handle, "wb") as file:
            if os.geteuid() == 0:  # root enrols for the service's user, whose folder it is
                owner = path.parent.stat()
                os.fchown(handle, owner.st_uid, owner.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise IdentityError(f"cannot write {path}: {error.strerror}") from error
