"""Rows the collector rejected, as entries of the quarantine."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from edge_agent.entries import KEPT_BYTES, Entry
from edge_agent.sealed import Sealed
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


def rejected_entries(
    sealed: Sealed, *, rejections: Sequence[Rejected], now: datetime
) -> list[Entry]:
    """Return one entry for each table and kind of reason, with its first rows as JSON.

    Reasons that differ only in their numbers are of one kind: a wrong clock gives every row a
    reason of its own, and an entry for each would push everything else out of the quarantine.
    """
    segment = decode(sealed.body)
    kinds: dict[tuple[str, str], list[Rejected]] = {}
    for one in rejections:
        kinds.setdefault((one.table, _NUMBER.sub("#", one.reason)), []).append(one)
    return [
        _entry(segment, table=table, alike=alike, received_us=round(now.timestamp() * 1e6))
        for (table, _), alike in kinds.items()
    ]


def _entry(segment: Segment, *, table: str, alike: Sequence[Rejected], received_us: int) -> Entry:
    """Return the entry for rows that were rejected alike."""
    payload = _rows(segment, table, wanted=[one.index for one in alike])
    more = f" (and {len(alike) - 1} rows likewise)" if len(alike) > 1 else ""
    return Entry(
        tier="rejected",
        reason=alike[0].reason[:_REASON_LENGTH] + more,
        topic=f"table {table}",
        payload=payload[:KEPT_BYTES],
        payload_bytes=len(payload),
        readings=len(alike),
        received_us=received_us,
    )


def _rows(segment: Segment, table: str, *, wanted: Sequence[int]) -> bytes:
    """Return rows as lines of JSON, somewhat more than is kept if there are more."""
    count = segment.rows(table)
    there = [at for at in wanted[:_DETAILED] if 0 <= at < count]
    if not there:
        return b""
    columns = segment.tables[table]
    picked = [
        [column.values[at] for at in column.index[there].tolist()]
        if isinstance(column, Text)
        else column[there].tolist()
        for column in columns.values()
    ]
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*picked, strict=True))
    return b"\n".join(map(msgspec.json.encode, rows))
