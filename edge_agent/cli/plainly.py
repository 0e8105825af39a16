"""Reads the options of `edge-agent run` where there is nothing to explain about them."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

LEVEL_VARIABLE: Final = "HELIOGRAPH_LOG_LEVEL"
DEFAULT_LEVEL: Final = "info"

_OPTIONS: Final = {"--config": "config", "-c": "config", "--log-level": "log_level"}


class PlainRun(NamedTuple):
    """What `run` is to do."""

    config: Path | None
    """The configuration's file; None for the usual one."""
    log_level: str
    """Debug, info, warning or error, in any case."""


def plain_run(words: Sequence[str]) -> PlainRun | None:
    """Return what a command line asks of `run`.

    Args:
        words: What stands behind the program's name.

    Returns:
        None for another command, and for whatever is to be explained: help, mistakes.
    """
    if list(words[:1]) != ["run"]:
        return None
    given = {"log_level": os.environ.get(LEVEL_VARIABLE) or DEFAULT_LEVEL}
    rest = iter(words[1:])
    for word in rest:
        name, _, attached = word.partition("=") if word.startswith("--") else (word, "", "")
        value = attached or next(rest, "")
        if name not in _OPTIONS or not value or value.startswith("-"):
            return None
        given[_OPTIONS[name]] = value
    if not is_level(given["log_level"]):
        return None
    return PlainRun(Path(given["config"]) if "config" in given else None, given["log_level"])


def is_level(name: str) -> bool:
    """Tell whether there is a level of logging with that name."""
    return name.upper() in logging.getLevelNamesMapping()
