"""The bundle: segments of one gateway as a signed file, to be carried where no network is.

A bundle is, in order:

- eight bytes, ``HLGBNDL`` and NUL, and the version as two bytes;
- the header, a `Header` as MessagePack, after its length as four bytes;
- the segments, encoded, each after its length as four bytes, and four NUL bytes as their end;
- the SHA-256 of all before, and the gateway's Ed25519 signature over `signed_text` of it.

All numbers are big-endian. It is written and read in one go, in constant memory.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import InvalidBundleError

MAGIC: Final = b"HLGBNDL\0"
VERSION: Final = 1
MAX_SEGMENT_BYTES: Final = 268_435_456
"""No segment is that large; bounds what a damaged length can ask for."""

_MAX_HEADER_BYTES: Final = 65_536
_DIGEST_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_TRAILER_BYTES: Final = _DIGEST_BYTES + _SIGNATURE_BYTES
_CHUNK_BYTES: Final = 1_048_576
_END: Final = bytes(4)

Progress = Callable[[int], None]
"""Is told how many bytes, or segments, are done in addition."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says about itself; it is signed with the rest."""

    gateway_id: str
    """The gateway whose segments these are, and whose key has signed them."""
    site: str
    """The site of the gateway."""
    created_us: int
    """When it was made, by the gateway's clock, microseconds since 1970-01-01 UTC."""
    segments: int
    """How many segments it carries."""
    rows: int
    """Rows in them, of all tables."""
    readings: int
    """Readings among them."""


def signed_text(digest: bytes) -> bytes:
    """Return what is signed; it can be no other thing that a gateway signs, as a token."""
    return b"heliograph bundle\0" + VERSION.to_bytes(2, "big") + digest


def write_bundle(
    file: BinaryIO, *, header: Header, segments: Iterable[bytes], key: Ed25519PrivateKey
) -> bytes:
    """Write a bundle.

    Args:
        file: Open for writing, empty.
        header: Its counts must be those of ``segments``.
        segments: Encoded, none of them empty.
        key: The gateway's.

    Returns:
        Its SHA-256, without the trailer.
    """
    running = hashlib.sha256()

    def put(data: bytes) -> None:
        running.update(data)
        file.write(data)

    packed = msgspec.msgpack.encode(header)
    put(MAGIC + VERSION.to_bytes(2, "big") + len(packed).to_bytes(4, "big") + packed)
    for data in segments:
        put(len(data).to_bytes(4, "big"))
        put(data)
    put(_END)
    digest = running.digest()
    file.write(digest + key.sign(signed_text(digest)))
    return digest


class Bundle:
    """A bundle that is open for reading; nothing in it may be believed before `verify`."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the header.

        Args:
            file: Open for reading; it must be able to seek.

        Raises:
            InvalidBundleError: It is no bundle, of another version, or cut short.
        """
        self._file = file
        self._sums: list[bytes] = []
        file.seek(0, os.SEEK_END)
        self._end = file.tell() - _TRAILER_BYTES
        """Where the trailer begins."""
        self.header = self._read_header()
        """What it says about itself."""

    @property
    def size_bytes(self) -> int:
        """Return how many bytes `verify` reads, and `segments` again."""
        return self._end

    def verify(self, key: Ed25519PublicKey, *, progress: Progress = lambda _done: None) -> None:
        """Read all of it and check the signature.

        Args:
            key: That of the gateway the header names.
            progress: Told the bytes read.

        Raises:
            InvalidBundleError: It is cut short, was changed, or another key has signed it.
        """
        running, sums = hashlib.sha256(), list[bytes]()
        for chunk in self._chunks():
            running.update(chunk)
            sums.append(hashlib.sha256(chunk).digest())
            progress(len(chunk))
        digest, signature = self._read(_DIGEST_BYTES), self._read(_SIGNATURE_BYTES)
        if running.digest() != digest:
            raise InvalidBundleError(
                "the bundle is cut short or was changed: its checksum is wrong; export it again"
            )
        try:
            key.verify(signature, signed_text(digest))
        except InvalidSignature as error:
            raise InvalidBundleError(
                f"the bundle is not signed by the key of gateway {self.header.gateway_id!r}"
            ) from error
        self._sums = sums

    def segments(self, *, progress: Progress = lambda _done: None) -> Iterator[bytes]:
        """Yield the segments of a verified bundle, each as it was when it was verified.

        Args:
            progress: Told the bytes read.

        Raises:
            InvalidBundleError: The file was changed since it was verified, or is not as `Header`
                says.
        """
        assert self._sums, "verify() comes first"  # noqa: S101 - a fault of ours, not of the file
        verified = _Pieces(self._verified())
        verified.take(self._begin)
        left, count = self._end - self._begin - len(_END), 0
        while (length := verified.take(4)) != _END:
            size = int.from_bytes(length, "big")
            left -= 4 + size
            if size > MAX_SEGMENT_BYTES or left < 0:
                raise InvalidBundleError(f"segment {count} of the bundle has no valid length")
            data = verified.take(size)
            progress(4 + size)
            count += 1
            yield data
        if left or count != self.header.segments:
            raise InvalidBundleError("the bundle does not carry the segments its header counts")

    def _chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        for begin in range(0, self._end, _CHUNK_BYTES):
            yield self._read(min(_CHUNK_BYTES, self._end - begin))

    def _verified(self) -> Iterator[bytes]:
        for chunk, known in zip(self._chunks(), self._sums, strict=True):
            if hashlib.sha256(chunk).digest() != known:
                raise InvalidBundleError("the bundle was changed while it was read")
            yield chunk

    def _read_header(self) -> Header:
        self._file.seek(0)
        start = self._file.read(len(MAGIC) + 2)
        if start[: len(MAGIC)] != MAGIC:
            raise InvalidBundleError("this is no bundle; `edge-agent buffer export` makes them")
        version = int.from_bytes(start[len(MAGIC) :], "big")
        if version != VERSION:
            raise InvalidBundleError(f"the bundle is of version {version}, allowed is {VERSION}")
        size = int.from_bytes(self._read(4), "big")
        if size > _MAX_HEADER_BYTES or self._file.tell() + size + len(_END) > self._end:
            raise InvalidBundleError("the bundle is cut short or damaged in its header")
        try:
            header = msgspec.msgpack.decode(self._read(size), type=Header)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InvalidBundleError(f"the bundle's header is damaged: {error}") from error
        self._begin = self._file.tell()
        return header

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise InvalidBundleError("the bundle is cut short")
        return data


class _Pieces:
    """Chunks, taken in pieces of other sizes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._ahead = bytearray()

    def take(self, size: int) -> bytes:
        while len(self._ahead) < size:
            self._ahead += next(self._chunks)
        piece = bytes(self._ahead[:size])
        del self._ahead[:size]
        return piece
