"""Alert episodes, as edge and collector exchange them: raised, updated, cleared."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
import numpy as np

from shared.errors import InvalidSegmentError
from shared.segments import Segment
from shared.tables import MISSING_I8, Table, Text

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Severity(StrEnum):
    """How much an alert matters, from least to most."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for the least, 4 for the most."""
        return list(Severity).index(self)


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one alert episode at one moment; sending a later state replaces it."""

    episode: str
    """An id the gateway made, the same for all states of the episode."""
    panel: str | None
    """The panel concerned; None when it is the whole site."""
    alert_type: str
    """What is wrong, as in ``over_temperature``."""
    severity: Severity
    """The worst so far."""
    title: str
    """One line for a person."""
    recommendation: str
    """What to do about it."""
    details: dict[str, Any] = msgspec.field(default_factory=dict)
    """Evidence: measured values with units in their names."""
    model_version: str | None = None
    """Which model said so; None for a rule."""
    raised_at: datetime
    """When it began, UTC, by the readings' time."""
    last_seen_at: datetime
    """When it last held, UTC."""
    cleared_at: datetime | None = None
    """When it ended, UTC; None while it lasts."""


def alerts_table(episodes: Sequence[Episode]) -> Table:
    """Return episodes as a segment's table."""
    cleared = [MISSING_I8 if e.cleared_at is None else to_micros(e.cleared_at) for e in episodes]
    return {
        "episode": Text.of(e.episode for e in episodes),
        "panel": Text.of(e.panel or "" for e in episodes),
        "alert_type": Text.of(e.alert_type for e in episodes),
        "severity": Text.of(e.severity for e in episodes),
        "title": Text.of(e.title for e in episodes),
        "recommendation": Text.of(e.recommendation for e in episodes),
        "details": Text.of(msgspec.json.encode(e.details).decode() for e in episodes),
        "model_version": Text.of(e.model_version or "" for e in episodes),
        "raised_us": np.array([to_micros(e.raised_at) for e in episodes], np.int64),
        "last_seen_us": np.array([to_micros(e.last_seen_at) for e in episodes], np.int64),
        "cleared_us": np.array(cleared, np.int64),
    }


def alerts_of(segment: Segment) -> list[Episode]:
    """Return the episodes a segment carries.

    Raises:
        InvalidSegmentError: A severity, the details or a time is not what it should be.
    """
    table = segment.tables.get("alerts")
    if table is None:
        return []
    columns = {name: column.tolist() for name, column in table.items()}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    try:
        return [_episode(row) for row in rows]
    except (msgspec.MsgspecError, OverflowError, RecursionError) as error:
        raise InvalidSegmentError(f"an alert is not valid: {error}") from error


def _episode(row: dict[str, Any]) -> Episode:
    if _NUL.search(row["details"]):
        raise InvalidSegmentError("an alert has a NUL character, which no database keeps")
    cleared_us = row["cleared_us"]
    fields = row | {
        "panel": row["panel"] or None,
        "model_version": row["model_version"] or None,
        "details": msgspec.json.decode(row["details"]),
        "raised_at": from_micros(row["raised_us"]),
        "last_seen_at": from_micros(row["last_seen_us"]),
        "cleared_at": None if cleared_us == MISSING_I8 else from_micros(cleared_us),
    }
    return msgspec.convert(fields, Episode)


def since(details: dict[str, Any], *, raised_at: datetime) -> dict[str, Any]:
    """Return an alert's details with ``since``, if they have it, as of when it was raised."""
    if "since" not in details:
        return details
    return details | {"since": raised_at.isoformat().replace("+00:00", "Z")}


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Return the UTC time of microseconds since 1970-01-01 UTC.

    Raises:
        OverflowError: It is no date.
    """
    return _EPOCH + timedelta(microseconds=micros)
