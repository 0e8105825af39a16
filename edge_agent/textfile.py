"""Files that people write: why one cannot be read, and what is wrong with one in TOML."""

import re
import tomllib
from typing import Any, Final

from edge_agent.errors import ConfigError

ENCODING: Final = "utf-8-sig"
"""UTF-8, with the mark before it that editors on Windows write, or without."""

_LINE: Final = re.compile(r" \(at line (?P<line>\d+), column \d+\)$")
_TWICE: Final = re.compile(r"^Cannot (overwrite|declare|mutate)")


def unread(error: Exception) -> str:
    """Return why a file could not be read, without its name.

    Args:
        error: What opening, decoding or using it failed with.
    """
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"line {line} is not UTF-8 text"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def tables_of(text: str) -> dict[str, Any]:
    """Return what a text in TOML says.

    Raises:
        ConfigError: It is not TOML, or says something twice; the line is named.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_complaint(str(error), lines=text.split("\n"))) from error


def _complaint(message: str, *, lines: list[str]) -> str:
    place = _LINE.search(message)
    if place is None or not _TWICE.match(message):
        return f"not TOML: {message}"
    written = lines[int(place["line"]) - 1].strip()
    named = written if written.startswith("[") else written.partition("=")[0].strip()
    return f"{named} is given twice; the second time in line {place['line']}"
