"""Rows the collector rejected: entries of the quarantine, or segments to be set aside."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import uuid4

import numpy as np

from edge_agent.entries import KEPT_BYTES, REJECTED_TOPIC, Entry
from edge_agent.rows import lines_of
from edge_agent.sealed import Sealed, seal
from shared.segments import Segment, decode
from shared.tables import Text

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_REASON_LENGTH: Final = 1_000
_DETAILED: Final = 1_000
"""How many rows at most are written out; as many of readings are over `KEPT_BYTES`."""


class Rejected(Protocol):
    """One row the collector did not store."""

    @property
    def index(self) -> int:
        """Its position in the table."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def table(self) -> str:
        """The table of the segment."""


class Verdicts(NamedTuple):
    """What is kept of rows the collector rejected: all of them."""

    entries: list[Entry]
    """For the quarantine, where there are few enough for a person to read."""
    segments: list[tuple[Sealed, str]]
    """To be set aside, with the reason, where there are more."""


def verdicts(sealed: Sealed, *, rejections: Sequence[Rejected], now: datetime) -> Verdicts:
    """Return what to keep of a segment's rejected rows, by their table and kind of reason.

    Reasons that differ only in their numbers are of one kind: a wrong clock gives every row a
    reason of its own, and an entry for each would push everything else out of the quarantine.
    """
    segment = decode(sealed.body)
    kinds: dict[tuple[str, str], list[Rejected]] = {}
    for one in rejections:
        kinds.setdefault((one.table, _NUMBER.sub("#", one.reason)), []).append(one)
    found = Verdicts([], [])
    for (table, _), alike in kinds.items():
        entry = _entry(segment, table=table, alike=alike, received_us=round(now.timestamp() * 1e6))
        if len(entry.payload) < entry.payload_bytes:
            found.segments.append((_segment(segment, table, alike=alike), entry.reason))
        else:
            found.entries.append(entry)
    return found


def _segment(segment: Segment, table: str, *, alike: Sequence[Rejected]) -> Sealed:
    """Return rows, too many for an entry, as a segment under a stream of its own."""
    there = np.unique([one.index for one in alike])
    there = there[(there >= 0) & (there < segment.rows(table))]
    picked = {
        name: Text(column.values, column.index[there])
        if isinstance(column, Text)
        else column[there]
        for name, column in segment.tables[table].items()
    }
    return seal(Segment(uuid4(), 0, 0, {table: picked}))


def _entry(segment: Segment, *, table: str, alike: Sequence[Rejected], received_us: int) -> Entry:
    """Return the entry for rows that were rejected alike."""
    payload = _rows(segment, table, wanted=[one.index for one in alike])
    more = f" (and {len(alike) - 1} rows likewise)" if len(alike) > 1 else ""
    return Entry(
        tier="rejected",
        reason=alike[0].reason[:_REASON_LENGTH] + more,
        topic=REJECTED_TOPIC + table,
        payload=payload[:KEPT_BYTES],
        payload_bytes=len(payload),
        readings=len(alike),
        received_us=received_us,
    )


def _rows(segment: Segment, table: str, *, wanted: Sequence[int]) -> bytes:
    """Return rows as lines of JSON, somewhat more than is kept if there are more."""
    count = segment.rows(table)
    there = [at for at in wanted[:_DETAILED] if 0 <= at < count]
    return lines_of(segment.tables[table], rows=there) if there else b""
