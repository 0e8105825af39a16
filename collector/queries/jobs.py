"""Jobs that one process of all does at a time, and at their pace."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement


class _Begun(msgspec.Struct, frozen=True):
    mine: bool
    ran_at: datetime | None


class _Name(msgspec.Struct, frozen=True):
    name: str


_BEGIN: Final = Statement.load("job_begin", row=_Begun)
_NOTE: Final = Statement.load("job_note", row=_Name)


class Turn(msgspec.Struct, frozen=True):
    """Whether a job is to be done now, by this process."""

    mine: bool
    """Whether it is."""
    ran_at: datetime | None
    """When it was done last, by whom ever, UTC."""


@contextlib.asynccontextmanager
async def turn(
    database: Database, *, name: str, every: timedelta, now: datetime
) -> AsyncIterator[Turn]:
    """Hold a job for as long as the context lasts; nobody else has it meanwhile.

    Args:
        database: By whose lock.
        name: The job.
        every: It is due when this time has passed since it was done last.
        now: The collector's time, UTC.

    Yields:
        Whether it is this process's to do; when the context ends well, it is noted as done.

    Raises:
        DatabaseError: The database is away.
    """
    async with database.begin() as connection:
        number = crc32(name.encode()) - 2**31
        begun = await _BEGIN.first(connection, name=name, number=number)
        assert begun is not None  # noqa: S101 - a SELECT without FROM has one row
        due = begun.ran_at is None or not now - every < begun.ran_at <= now
        yield Turn(begun.mine and due, begun.ran_at)
        if begun.mine and due:
            await _NOTE.all(connection, name=name, at=now)


async def note_time(database: Database, *, name: str, at: datetime) -> None:
    """Note a time under a name."""
    await _NOTE.all(database, name=name, at=at)


async def noted_time(database: Database, *, name: str) -> datetime | None:
    """Return the time noted under a name; None when there is none."""
    async with database.begin() as connection:
        begun = await _BEGIN.first(connection, name=name, number=0)
    return begun.ran_at if begun else None
