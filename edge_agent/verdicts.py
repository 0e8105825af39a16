"""Rows the collector rejected, as entries of the quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from edge_agent.entries import Entry
from edge_agent.sealed import Sealed
from shared.segments import Segment, decode


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
    """Return one entry for each row rejected, with the row itself as JSON."""
    segment = decode(sealed.body)
    entries = []
    for rejection in rejections:
        payload = msgspec.json.encode(_row(segment, rejection.table, at=rejection.index))
        entries.append(
            Entry(
                tier="rejected",
                reason=rejection.reason,
                topic=f"table {rejection.table}",
                payload=payload,
                payload_bytes=len(payload),
                readings=1,
                received_us=round(now.timestamp() * 1e6),
            )
        )
    return entries


def _row(segment: Segment, table: str, *, at: int) -> dict[str, Any]:
    if not 0 <= at < segment.rows(table):
        return {}
    return {name: column.tolist()[at] for name, column in segment.tables[table].items()}
