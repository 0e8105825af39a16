"""What is in an outbox file, and what it costs: for a person, also beside a running agent."""

from pathlib import Path
from typing import Final

import msgspec

from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.totals import Pile, read_totals

_SPANS: Final = (
    "SELECT min(created_us) FROM (SELECT created_us FROM segment ORDER BY id LIMIT 1)",
    "SELECT max(created_us) FROM (SELECT created_us FROM segment ORDER BY id DESC LIMIT 1)",
)


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox in numbers; times are microseconds since 1970-01-01 UTC."""

    urgent: Pile
    """Alerts and declared losses that wait for the collector."""
    bulk: Pile
    """Everything else that waits."""
    set_aside: Pile
    """What the collector refuses."""
    oldest_us: int | None
    """When the oldest that waits came."""
    newest_us: int | None
    """When the newest did."""
    lost_rows: dict[str, int]
    """Rows given up ever, by reason."""
    file_bytes: int
    """Of the file."""
    used_bytes: int
    """Of that, what holds something."""
    log_bytes: int
    """Of the log beside it."""


async def stats(file: OutboxFile) -> Stats:
    """Count what a file holds; only what was put last is looked at, however much there is.

    Raises:
        OutboxError: The file cannot be read.
    """
    async with file.transaction(reading=True) as transaction:
        totals = await read_totals(transaction)
        oldest, newest = [(await transaction.read(sql))[0][0] for sql in _SPANS]
    space = await file.space()
    return Stats(
        urgent=totals.urgent,
        bulk=totals.bulk,
        set_aside=totals.set_aside,
        oldest_us=oldest,
        newest_us=newest,
        lost_rows=totals.lost,
        file_bytes=space.file_bytes,
        used_bytes=space.used_bytes,
        log_bytes=_size(Path(f"{file.path}-wal")),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
