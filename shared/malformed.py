"""What is wrong with one JSON document, in the words of whoever set up its sender."""

import json
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from shared.complaints import expected, got, located, missing_field, unknown_field

_QUOTED: Final = 80
_SHOWN: Final = 40
_MOST_LOOKED_INTO: Final = 4_096  # bytes; a reading has 200, and a failing one may be of megabytes
_BYTE: Final = re.compile(r"\(byte (?P<at>\d+)\)$")
_KEY: Final = re.compile(rb'"(?P<key>[^"\\]{1,64})"\s*:\s*$')
_NO_NUMBER: Final = re.compile(rb"[+-]?(nan|inf(inity)?)\b", re.IGNORECASE)
_LONGEST_BEFORE: Final = 100
_LONGEST_NO_NUMBER: Final = 9


def invalid(message: str, *, document: bytes, fields: Sequence[str]) -> str:
    """Return what is wrong with a document that is JSON.

    Args:
        message: Of the `msgspec.ValidationError`.
        document: Its bytes.
        fields: What it may have.
    """
    keys, text = located(message)
    if unknown := unknown_field(text):
        return f"{unknown} is not a known field; allowed are {', '.join(fields)}"
    if missing := missing_field(text):
        return f"{missing} is missing"
    found = _found(document, keys=keys) or got(text)
    return f"{'.'.join(keys) or 'the message'} is {found or 'not allowed'}, {expected(text)}"


def not_json(error: Exception, *, document: bytes) -> str:
    """Return why a document is not JSON.

    Args:
        error: What decoding it failed with.
        document: Its bytes.
    """
    if not document.strip():
        return "the message is empty"
    start = document[:_QUOTED].decode("utf-8", "replace")
    if isinstance(error, UnicodeDecodeError):
        return f"the message is not JSON: its text is not UTF-8: {start!r}"
    said = str(error).removeprefix("JSON is malformed: ")
    if said == "Input data was truncated":
        return f"the message is not JSON: it ends too early, after {len(document)} bytes: {start!r}"
    place = _BYTE.search(said)
    if place and (number := _no_number(document, at=int(place["at"]))):
        return f"the message is not JSON: {number}"
    return f"the message is not JSON: {said}: {start!r}"


def _no_number(document: bytes, *, at: int) -> str | None:
    """Return which field is NaN or infinite, if that is what is at or just before a byte."""
    first = max(at - _LONGEST_NO_NUMBER, 0)
    for word in _NO_NUMBER.finditer(document, first, at + _LONGEST_NO_NUMBER):
        if word.start() <= at <= word.end() + 1:
            key = _KEY.search(document, max(word.start() - _LONGEST_BEFORE, 0), word.start())
            name = key["key"].decode("utf-8", "replace") if key else "a value"
            return f"{name} is {word[0].decode()}, which is not a number JSON allows"
    return None


def _found(document: bytes, *, keys: Sequence[str]) -> str | None:
    """Return the value that is wrong, in short; None if looking for it would take long."""
    if len(document) > _MOST_LOOKED_INTO:
        return None
    try:
        value = msgspec.json.decode(document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None  # such as a number beyond all floats
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return f"the text {json.dumps(short, ensure_ascii=False)}"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value)
