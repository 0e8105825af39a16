"""Faults as written on the command line: ``name:panel[@start[+duration]]``, by commas."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from models.simulator.faults import KINDS, Fault

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION: Final = r"(?:\d+(?:\.\d+)?[dhms])+"
_MOMENT: Final = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)"
_FAULT: Final = re.compile(
    rf"(?P<name>[a-z_]+):(?P<panel>\*|[A-Za-z0-9][A-Za-z0-9._:-]*)"
    rf"(?:@(?:(?P<relative>-?{_DURATION})|(?P<moment>{_MOMENT}))(?:\+(?P<duration>{_DURATION}))?)?"
)
ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""When a fault without a start began."""


def duration(text: str) -> timedelta:
    """Read a duration such as ``90s``, ``1h30m``, ``3d`` or ``-2h``.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(rf"-?{_DURATION}", text):
        raise ValueError(
            f"duration is {text!r}, allowed are numbers with d, h, m or s, as in 1h30m"
        )
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", text)
    total = sum((timedelta(**{_UNITS[unit]: float(n)}) for n, unit in parts), timedelta())
    return -total if text.startswith("-") else total


def moment(text: str) -> datetime:
    """Read an RFC 3339 time with a zone; returns it in UTC.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(_MOMENT, text):
        raise ValueError(f"time is {text!r}, expected is RFC 3339, as in 2026-06-01T12:00:00Z")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def faults_of(text: str, *, start: datetime) -> list[Fault]:
    """Read a list of faults.

    Args:
        text: As in ``bypass_short:PANEL-003@10m,open:PANEL-007@2h+30m``.
        start: What relative times count from; negative ones lie in the history.

    Raises:
        ValueError: A part cannot be read, or names an unknown fault.
    """
    return [_fault(part.strip(), start=start) for part in text.split(",") if part.strip()]


def _fault(text: str, *, start: datetime) -> Fault:
    match = _FAULT.fullmatch(text)
    if match is None:
        raise ValueError(f"fault is {text!r}, expected is name:panel[@start[+duration]]")
    if match["name"] not in KINDS:
        raise ValueError(f"fault is {match['name']!r}, known are {', '.join(KINDS)}")
    begin = ALWAYS
    if match["relative"]:
        begin = start + duration(match["relative"])
    elif match["moment"]:
        begin = moment(match["moment"])
    end = begin + duration(match["duration"]) if match["duration"] else None
    return Fault(match["name"], match["panel"], begin, end)
