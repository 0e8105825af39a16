"""Runs the agent as a program: logs to standard error, and an exit code in the end."""

import logging
import sys
from pathlib import Path

import uvloop

from edge_agent.configfile import config_path, load_config
from edge_agent.errors import EdgeError
from edge_agent.memory import keep_little
from edge_agent.run import run

_log = logging.getLogger("edge_agent")


def go(config: Path | None, *, log_level: str) -> int:
    """Run the agent until it is told to stop, and return the exit code.

    Args:
        config: The configuration's file; None for the usual one.
        log_level: Debug, info, warning or error.

    Raises:
        EdgeError: The configuration cannot be used, or something else it needs.
    """
    keep_little()
    _log_to_stderr(log_level)
    settings = load_config(config_path(config))
    try:
        uvloop.run(run(settings))
    except BaseExceptionGroup as group:
        expected, unexpected = group.split(EdgeError)
        if unexpected is not None:
            _log.critical("the agent failed unexpectedly", exc_info=unexpected)
        for error in _leaves(expected) if expected is not None else ():
            sys.stderr.write(f"edge-agent: {error}\n")
        return 1
    return 0


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the errors themselves, however deep they are grouped."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # These say every request, every packet and every attempt; we say the changes.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
