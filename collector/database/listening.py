"""One connection that listens for what any process of any replica tells by NOTIFY."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

import psycopg
from psycopg import sql

from collector.database.engine import CONNECT_SECONDS, Database, mapped_errors, split_url
from collector.errors import DatabaseAwayError, DatabaseError

EVENT: Final = "heliograph_event"
"""Told, without more, when there is a new row in ``live_event``."""
READINGS: Final = "heliograph_readings"
"""Told with summaries of readings as JSON."""
MAX_PAYLOAD_BYTES: Final = 7_900
"""PostgreSQL takes less than 8,000."""
_TELL: Final = "SELECT pg_notify(%s, told) FROM unnest(%s::text[]) AS told"
_CHECK_SECONDS: Final = 20.0
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)

_log: Final = logging.getLogger(__name__)


async def listen(url: str) -> AsyncIterator[tuple[str, str] | None]:
    """Yield what is told, for ever: channel and payload.

    Args:
        url: The database.

    Yields:
        What was told; None when listening has begun, also anew after the connection was lost:
        what was told before is then not known.
    """
    failures = 0
    while True:
        try:
            async with _connection(url) as connection:
                if failures:
                    _log.warning("listening to the database again")
                failures = 0
                yield None
                async with contextlib.aclosing(_told(connection)) as told:
                    async for one in told:
                        yield one
        except DatabaseError as error:
            if not failures:
                _log.warning("cannot listen to the database: %s", error)
            await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
            failures += 1


async def tell_readings(database: Database, payloads: Sequence[str]) -> None:
    """Tell all who listen, at once; nothing of it is kept.

    Args:
        database: Where they listen.
        payloads: Each of at most `MAX_PAYLOAD_BYTES` bytes.

    Raises:
        DatabaseError: The database is away.
    """
    async with database.begin() as connection:
        # What is lost with a crash is told anew with the next readings.
        await connection.execute("SET LOCAL synchronous_commit = off")
        await connection.execute(_TELL, [READINGS, list(payloads)])


@contextlib.asynccontextmanager
async def _connection(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    address, _ = split_url(url)
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with mapped_errors():
        connection = await psycopg.AsyncConnection.connect(
            plain,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="heliograph-live",
        )
        async with connection:
            for channel in (EVENT, READINGS):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield connection


async def _told(
    connection: psycopg.AsyncConnection,
) -> AsyncGenerator[tuple[str, str], None]:
    while True:
        async for one in connection.notifies(timeout=_CHECK_SECONDS):
            yield one.channel, one.payload
        # A server that vanished without a word is noticed by asking it something.
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.execute("SELECT")
        except TimeoutError as error:
            raise DatabaseAwayError("the database does not answer") from error
