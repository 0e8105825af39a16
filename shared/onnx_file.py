"""What an ONNX file says of itself, read without a runtime: the collector needs no more of it.

An ONNX file is one protocol buffer, ``ModelProto``: a sequence of fields, each a number, a wire
type and a value. Of these only its graph and its metadata properties concern us.
"""

from collections.abc import Iterator
from typing import Final

from shared.errors import InvalidModelError
from shared.model_card import MAX_MODEL_BYTES, check_version

VERSION_KEY: Final = "heliograph.version"
"""The metadata property that has the model's version."""

_IR_VERSION: Final = 1
_GRAPH: Final = 7
_METADATA: Final = 14
_KEY: Final = 1
_VALUE: Final = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT: Final = 10


def version_of(data: bytes) -> str:
    """Return the version a model file says it is.

    Args:
        data: The file.

    Raises:
        InvalidModelError: It is too large, no ONNX file, or has no version we allow.
    """
    if len(data) > MAX_MODEL_BYTES:
        raise InvalidModelError(f"the file has {len(data)} bytes, allowed are {MAX_MODEL_BYTES}")
    metadata = metadata_of(data)
    version = metadata.get(VERSION_KEY)
    if version is None:
        has = ", ".join(sorted(metadata)) or "none at all"
        raise InvalidModelError(
            f"the file has no metadata property {VERSION_KEY} (it has {has}); "
            "`python -m models.train` writes one"
        )
    check_version(version)
    return version


def metadata_of(data: bytes) -> dict[str, str]:
    """Return the metadata properties of a model file.

    Raises:
        InvalidModelError: It is no ONNX file.
    """
    found: dict[str, str] = {}
    seen: set[int] = set()
    try:
        for number, value in _fields(data):
            seen.add(number)
            if number == _METADATA and isinstance(value, bytes):
                entry = {key: part for key, part in _fields(value) if isinstance(part, bytes)}
                found[entry.get(_KEY, b"").decode()] = entry.get(_VALUE, b"").decode()
    except (ValueError, IndexError) as error:
        raise InvalidModelError(f"the file is no ONNX model, or cut short: {error}") from error
    if not {_IR_VERSION, _GRAPH} <= seen:
        raise InvalidModelError("the file is no ONNX model: it has no graph")
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field.

    Raises:
        ValueError: They are no fields.
        IndexError: They end too early.
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"field {number} at byte {at} is of a kind {wire} that there is not")
        if at + size > len(data):
            raise ValueError(f"field {number} at byte {at} ends after the file")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(_LONGEST_VARINT):
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at + count + 1
    raise ValueError(f"the number at byte {at} has no end")
