"""Durations as people write them: 90d, 12h, 30m."""

import re
from datetime import timedelta
from typing import Final

import typer

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=3660)


def read_duration(text: str) -> timedelta:
    """Return the duration a text means.

    Raises:
        typer.BadParameter: It means none.
    """
    matched = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    duration = timedelta(**{_UNITS[matched[2]]: int(matched[1])}) if matched else timedelta(0)
    if not timedelta(0) < duration <= _LONGEST:
        raise typer.BadParameter(f"{text!r} is no duration; allowed are 30m, 12h, 7d and so on")
    return duration
