"""The door: messages become columns, or entries of the quarantine with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from edge_agent.entries import Entry, Faults
from edge_agent.intake import Message
from edge_agent.validate.site import meter_table, weather_table
from edge_agent.validate.topics import Kind, Topics
from shared.errors import InvalidReadingError
from shared.limits import Limits, impossible, suspicious
from shared.messages import Decoded, ReadingMessage, parse_payload, to_readings
from shared.readings import Readings
from shared.tables import Table

__all__ = ["Checked", "Entry", "Topics", "Validator"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a batch of messages held."""

    readings: Readings | None
    """Those that are possible, with their quality flags; None without any."""
    locations: dict[str, tuple[float, float]]
    """Latitude and longitude in degrees, of panels that told."""
    site: dict[str, Table]
    """The tables ``weather`` and ``meter``, where there were such messages."""
    quarantined: list[Entry]
    """Messages of which something was malformed or impossible."""


class Validator:
    """Sorts messages by topic and checks them, a whole batch at a time."""

    def __init__(self, topics: Topics, *, limits_of: Callable[[str], Limits]) -> None:
        self._topics = topics
        self._limits_of = limits_of

    def check(self, messages: Sequence[Message], *, now: datetime | None) -> Checked:
        """Check a batch; whatever is in it, this does not raise.

        Args:
            messages: As they came.
            now: Our time, UTC; times far from it are malformed. None if our clock is not to be
                trusted: then only those no clock can say are.
        """
        kinds = [self._topics.kind_of(message.topic) for message in messages]
        faults = Faults(messages)
        readings, locations = self._readings(messages, kinds=kinds, faults=faults, now=now)
        site = {}
        for kind, decode in ((Kind.WEATHER, weather_table), (Kind.METER, meter_table)):
            rows = [at for at, (found, _) in enumerate(kinds) if found is kind]
            if rows and (table := decode(messages, rows=rows, faults=faults, now=now)) is not None:
                site[kind.value] = table
        return Checked(readings, locations, site, faults.entries())

    def _readings(
        self,
        messages: Sequence[Message],
        *,
        kinds: Sequence[tuple[Kind, str | None]],
        faults: Faults,
        now: datetime | None,
    ) -> tuple[Readings | None, dict[str, tuple[float, float]]]:
        parsed: list[ReadingMessage | InvalidReadingError] = []
        panels: list[str | None] = []
        origin: list[int] = []
        for at, (message, (kind, panel)) in enumerate(zip(messages, kinds, strict=True)):
            if kind is Kind.READINGS:
                found = parse_payload(message.payload)
                parsed += found
                panels += [panel] * len(found)
                origin += [at] * len(found)
        if not parsed:
            return None, {}
        decoded = to_readings(
            parsed,
            topic_panels=panels,
            arrivals=[messages[at].received_at for at in origin],
            now=now,
        )
        for row, reason in decoded.malformed.items():
            faults.add(origin[row], reason=reason, tier="malformed")
        return self._possible(decoded, origin=origin, faults=faults), decoded.locations

    def _possible(
        self, decoded: Decoded, *, origin: Sequence[int], faults: Faults
    ) -> Readings | None:
        readings = decoded.readings
        if not len(readings):
            return None
        limits = [self._limits_of(panel_id) for panel_id in readings.panel_ids]
        reasons = impossible(readings, limits=limits)
        if reasons:
            for row, reason in reasons.items():
                faults.add(origin[decoded.origin[row]], reason=reason, tier="impossible")
            keep = np.ones(len(readings), np.bool_)
            keep[list(reasons)] = False
            readings = readings.take(keep)
        if not len(readings):
            return None
        readings.quality[:] |= suspicious(readings, limits=limits)
        return readings
