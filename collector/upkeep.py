"""What runs beside the requests: keeping aggregates up to date, and deleting what is old.

Every worker of every collector runs it; the database lets one of them work at a time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from collector.database.engine import Database
from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention, delete_old
from collector.errors import DatabaseAwayError

EVERY: Final = timedelta(seconds=10)
"""How often aggregates are brought up to date."""
DELETE_EVERY: Final = timedelta(hours=1)

_log: Final = logging.getLogger(__name__)


@asynccontextmanager
async def open_upkeep(
    database: Database, *, retention: Retention, clock: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Run it for as long as the context is open.

    Args:
        database: Where it works.
        retention: How long readings are kept.
        clock: The time, UTC.

    Raises:
        DatabaseError: In a group; the database refuses what it needs.
    """
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(
            _keep(database, retention=retention, clock=clock), name="aggregates"
        )
        try:
            yield
        finally:
            keeping.cancel()


async def _keep(database: Database, *, retention: Retention, clock: Callable[[], datetime]) -> None:
    delete_at = clock()
    away = False
    while True:
        try:
            more = await roll_up(database, now=clock(), retention=retention)
            if not more and clock() >= delete_at:
                await delete_old(database, now=clock(), retention=retention)
                delete_at = clock() + DELETE_EVERY
        except DatabaseAwayError as error:
            if not away:
                _log.warning("aggregates wait: %s", error)
            more, away = False, True
        else:
            if away:
                _log.warning("aggregates are kept up to date again")
            away = False
        await asyncio.sleep(0 if more else EVERY.total_seconds())
