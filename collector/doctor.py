"""What `collector doctor` looks at: the database, its schema, the disk, the clock, the counts."""

import shutil
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from collector.database.engine import Database, open_database
from collector.database.revision import current, head
from collector.database.statements import Statement
from collector.settings import Settings

Status = Literal["ok", "warning", "failed"]

LITTLE_DISK_BYTES: Final = 5 * 2**30
NO_DISK_BYTES: Final = 2**29
LARGE_CLOCK_OFFSET: Final = timedelta(seconds=5)
_LACKS: Final = "without TimescaleDB readings are not compressed and take about ten times the room"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    check: str
    """What it is."""
    status: Status
    """How it is."""
    detail: str
    """What was found, and what to do about it."""


class _Facts(msgspec.Struct, frozen=True):
    server_time: datetime
    version: str
    database_bytes: int
    sites: int
    panels: int
    gateways: int
    tokens: int
    open_alerts: int


_FACTS: Final = Statement.load("doctor", row=_Facts)


async def examine(url: str, *, settings: Settings) -> list[Finding]:
    """Look at everything.

    Args:
        url: The database.
        settings: What the collector is set to.

    Raises:
        DatabaseError: The database is away or unsuitable.
    """
    schema = _schema(current(url))
    async with open_database(url) as database:
        findings = [_flavour(database), schema]
        if schema.status == "ok":
            before = datetime.now(UTC)
            facts = await _FACTS.first(database)
            assert facts is not None  # noqa: S101 - a SELECT without FROM has one row
            findings += [_clock(facts, before=before, after=datetime.now(UTC)), _counts(facts)]
    if settings.database_url is None:
        findings.append(_disk(shutil.disk_usage(settings.data_dir).free))
    return findings


def _flavour(database: Database) -> Finding:
    flavour = database.flavour
    if flavour.timescale is None:
        return Finding("database", "warning", f"PostgreSQL {flavour.postgres}; {_LACKS}")
    return Finding(
        "database", "ok", f"PostgreSQL {flavour.postgres} with TimescaleDB {flavour.timescale}"
    )


def _schema(revision: str | None) -> Finding:
    if revision == head():
        return Finding("schema", "ok", f"{revision}, as this program needs it")
    return Finding(
        "schema", "failed", f"{revision or 'none'}, needed is {head()}: run `collector migrate`"
    )


def _clock(facts: _Facts, *, before: datetime, after: datetime) -> Finding:
    offset = facts.server_time - (before + (after - before) / 2)
    status: Status = "ok" if abs(offset) <= LARGE_CLOCK_OFFSET else "warning"
    return Finding(
        "clock", status, f"the database's is {offset.total_seconds():+.3f} s from this machine's"
    )


def _counts(facts: _Facts) -> Finding:
    detail = (
        f"{facts.sites} sites, {facts.panels} panels, {facts.gateways} gateways, {facts.tokens} "
        f"tokens, {facts.open_alerts} open alerts; {facts.database_bytes / 2**20:.0f} MiB"
    )
    return Finding("content", "ok", detail)


def _disk(free: int) -> Finding:
    status: Status = "ok" if free > LITTLE_DISK_BYTES else "warning"
    return Finding(
        "disk",
        "failed" if free < NO_DISK_BYTES else status,
        f"{free / 2**30:.1f} GiB free, more than {LITTLE_DISK_BYTES / 2**30:.0f} are wanted",
    )
