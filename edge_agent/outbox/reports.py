"""What became of a damaged file: for people, and in the totals."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from edge_agent.outbox.totals import Totals
from shared.losses import LossReason

REPORT: Final = "salvaged"
"""The name in ``state`` of what was salvaged last, a `Salvaged` as JSON."""

_TOTALS: Final = "totals"


class Salvaged(msgspec.Struct, kw_only=True):
    """What became of a damaged file."""

    file: str
    """Where it is."""
    reason: str
    """What was found."""
    noticed_us: int
    """When, microseconds since 1970-01-01 UTC."""
    segments: int = 0
    """Segments that were taken over."""
    rows: int = 0
    """Rows in them."""
    others: int = 0
    """Segments set aside, and entries of the quarantine, that were taken over."""
    lost_ranges: int = 0
    """Ranges that were declared lost."""
    lost_rows: int = 0
    """Rows of those whose extent is known."""


def told(report: Salvaged) -> str:
    """Say what became of a damaged file."""
    when = datetime.fromtimestamp(report.noticed_us / 1e6, UTC)
    lost = (
        f"{report.lost_ranges} ranges (of those known {report.lost_rows} rows) are declared lost"
        if report.lost_ranges
        else "nothing is known to be lost"
    )
    return (
        f"the outbox was found damaged at {when:%Y-%m-%d %H:%M:%SZ} ({report.reason}): "
        f"{report.segments} segments with {report.rows} rows were salvaged, {lost}; "
        f"the damaged file is kept as {report.file}, delete it when nobody needs it"
    )


def count(
    connection: sqlite3.Connection, *, set_aside: Sequence[Mapping[str, Any]], lost_rows: int
) -> None:
    """Add to the totals what they do not count by themselves, as they do segments."""
    found = connection.execute("SELECT value FROM state WHERE name = ?", (_TOTALS,)).fetchone()
    totals = msgspec.json.decode(found[0], type=Totals) if found else Totals()
    for row in set_aside:
        totals.set_aside.add(1, row["rows"], row["readings"], len(row["body"]))
    lost = totals.lost.get(LossReason.DAMAGED, 0) + lost_rows
    totals.lost[LossReason.DAMAGED.value] = lost
    value = msgspec.json.encode(totals)
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (_TOTALS, value))
