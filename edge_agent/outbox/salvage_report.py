"""What became of a damaged file: for people, and in the totals."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from edge_agent.outbox.state import RECALL, REMEMBER, TOTALS
from edge_agent.outbox.totals import Totals
from shared.losses import LossReason

REPORT: Final = "salvaged"
"""The name in ``state`` of what was salvaged last, a `Salvaged` as JSON."""


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
    unknown_ranges: int = 0
    """How many of those ranges have an extent that nobody knows."""
    file_lost: bool = False
    """Whether only the log was left: nobody knows what the file held."""


def told(report: Salvaged) -> str:
    """Say what became of a damaged file."""
    when = datetime.fromtimestamp(report.noticed_us / 1e6, UTC)
    return (
        f"the outbox was found damaged at {when:%Y-%m-%d %H:%M:%SZ} ({report.reason}): "
        f"{report.segments} segments with {report.rows} rows were salvaged, {_lost(report)}; "
        f"the damaged file is kept as {report.file}, delete it when nobody needs it"
    )


def count(
    connection: sqlite3.Connection,
    *,
    set_aside: Sequence[Mapping[str, Any]] = (),
    lost_rows: int = 0,
    uncounted: int = 0,
) -> None:
    """Add to the totals what they do not count by themselves, as they do segments.

    Args:
        connection: In a transaction.
        set_aside: Rows of the table ``set_aside``.
        lost_rows: Rows lost.
        uncounted: Ranges lost of which nobody knows how many rows they had.
    """
    found = connection.execute(RECALL, (TOTALS,)).fetchone()
    totals = msgspec.json.decode(found[0], type=Totals) if found else Totals()
    for row in set_aside:
        totals.set_aside.add(1, row["rows"], row["readings"], len(row["body"]))
    if lost_rows or uncounted:
        totals.add_lost(LossReason.DAMAGED, rows=lost_rows, uncounted=uncounted)
    value = msgspec.json.encode(totals)
    connection.execute(REMEMBER, (TOTALS, value))


def _lost(report: Salvaged) -> str:
    rest = ", and nobody knows what else the file held" if report.file_lost else ""
    if not report.lost_ranges:
        return f"nothing is known to be lost{rest}"
    known, unknown = f"{report.lost_rows} rows", f"{report.unknown_ranges} ranges of unknown size"
    if not report.lost_rows:
        extent = "an unknown number of rows"
    else:
        extent = f"{known}, and {unknown}" if report.unknown_ranges else known
    return f"{report.lost_ranges} ranges ({extent}) are declared lost{rest}"
