"""What msgspec finds wrong, in the words of those who have to mend it."""

import re
from typing import Final

_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_GOT: Final = re.compile(r", got `(?P<kind>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_KINDS: Final = re.compile(r"`([^`]*)`")
_ROUND: Final = re.compile(r"(\d)\.0\b")

_NAMES: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "datetime": "a time",
}
_WORDS: Final = (
    ("Invalid RFC3339 encoded datetime", "expected a time as in 2026-06-01T12:00:00Z (RFC3339)"),
    (
        "Expected `datetime` with a timezone component",
        "expected a time with its timezone, as in 2026-06-01T12:00:00Z",
    ),
    ("Number out of range", "expected a number within +-1.8e308"),
    ("Expected", "expected"),
    (" >= ", " of at least "),
    (" <= ", " of at most "),
    (" > ", " above "),
    (" < ", " below "),
)


def located(message: str) -> tuple[list[str], str]:
    """Return the keys that lead to what is wrong, and what is wrong there.

    Args:
        message: Of a `msgspec.ValidationError`.
    """
    found = _AT.search(message)
    if found is None:
        return [], message
    return [key for key in found["path"].split(".") if key], message[: found.start()]


def unknown_field(text: str) -> str | None:
    """Return the field that is not known, if that is what is wrong."""
    found = _UNKNOWN.search(text)
    return found and found["name"]


def missing_field(text: str) -> str | None:
    """Return the field that is missing, if that is what is wrong."""
    found = _MISSING.search(text)
    return found and found["name"]


def got(text: str) -> str | None:
    """Return of what kind the value is that is wrong, if that is what is wrong."""
    found = _GOT.search(text)
    return found and _NAMES.get(found["kind"], found["kind"])


def expected(text: str) -> str:
    """Return what is expected; a null, which leaving out says too, is not mentioned."""
    text = _GOT.sub("", text)
    for theirs, ours in _WORDS:
        text = text.replace(theirs, ours)
    return _ROUND.sub(r"\1", _KINDS.sub(lambda kinds: _in_words(kinds[1]), text))


def _in_words(kinds: str) -> str:
    return " or ".join(_NAMES.get(kind, kind) for kind in kinds.split(" | ") if kind != "null")
