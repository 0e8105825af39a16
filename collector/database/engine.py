"""Opening the database, and turning the drivers' errors into ours."""

import contextlib
import select
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InvalidatePoolError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from collector.database.flavour import QUERY, Flavour
from collector.errors import (
    DatabaseAwayError,
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnsuitableError,
)

CONNECT_SECONDS: Final = 5
POOL_SIZE: Final = 10
_AWAY: Final = (
    "08",  # the connection
    "40",  # rolled back, as by a deadlock: the same again may succeed
    "53",  # out of memory, disk or connections
    "57",  # shutting down, starting up, cancelled
    "58",  # the server's disk
    "25006",  # read-only, as a standby is
    "55P03",  # waited too long for a lock
)
_REFUSED: Final = (
    "22",  # data
    "23",  # constraints
    "54",  # too large, as for an index
)


Connection = psycopg.AsyncConnection[tuple[Any, ...]]
"""psycopg's connection, as the pool lends it."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database."""

    engine: AsyncEngine
    """SQLAlchemy's engine on psycopg, which keeps connections and makes new ones of lost ones."""
    flavour: Flavour
    """What the database can do."""

    @contextlib.asynccontextmanager
    async def at_once(self) -> AsyncIterator[Connection]:
        """Use a connection whose every statement is committed at once.

        Raises:
            DatabaseError: As `mapped_errors` says, also for what the caller does with it.
        """
        with mapped_errors():
            async with self.engine.connect() as pooled:
                connection = _driver(pooled)
                try:
                    yield connection
                except psycopg.Error as error:
                    raise translate(error, lost=connection.closed) from error

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        """Use a connection in a transaction that is committed at the end.

        Raises:
            DatabaseError: As `mapped_errors` says, also for what the caller does with it.
        """
        async with self.at_once() as connection, connection.transaction():
            yield connection


def _driver(pooled: AsyncConnection) -> Connection:
    """Return psycopg's connection; SQLAlchemy would make results anew, which takes longer."""
    assert pooled.sync_connection is not None  # noqa: S101 - it is open
    driver = pooled.sync_connection.connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)  # noqa: S101 - the only driver
    return driver


class _BinaryCursor(psycopg.AsyncCursor[Any]):
    """A cursor that has results sent as they are: to write and read times as text takes longer."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], **options: Any) -> None:  # noqa: ANN401 - psycopg's own
        super().__init__(connection, **options)
        self.format = psycopg.pq.Format.BINARY


@contextlib.asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open a database that has been migrated.

    Args:
        url: ``postgresql://...``; ``pool_size=n`` in its query bounds the connections.

    Raises:
        DatabaseAwayError: It cannot be reached.
        DatabaseUnsuitableError: It lacks what Heliograph needs.
    """
    address, pool_size = split_url(url)
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        # Whoever begins a transaction ends it; `_refuse_unfit` looks.
        skip_autocommit_rollback=True,
        # The one used last has its plans and its catalog at hand.
        pool_use_lifo=True,
        pool_timeout=CONNECT_SECONDS,
        # Values may be secrets, and errors are logged with all that led to them.
        hide_parameters=True,
        json_deserializer=msgspec.json.decode,
        connect_args={"connect_timeout": CONNECT_SECONDS, "cursor_factory": _BinaryCursor},
    )
    settle_connections(engine.sync_engine)
    event.listen(engine.sync_engine, "checkout", _refuse_unfit)
    try:
        with mapped_errors():
            async with engine.connect() as connection:
                flavour = Flavour.of((await connection.execute(text(QUERY))).one())
        yield Database(engine, flavour)
    finally:
        await engine.dispose()


def settle_connections(engine: Engine) -> None:
    """Have every connection of an engine speak UTC, and not compile what takes milliseconds.

    A server, a role and ``PGTZ`` may prefer another time zone; PostgreSQL compiles a plan over many
    partitions for longer than it runs.
    """
    event.listen(engine, "connect", _settle)


def _settle(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's, adapted
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.execute("SET jit = off")
    cursor.close()
    # A rollback would take it back.
    connection.commit()


def _refuse_unfit(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - as above
    """Refuse a connection that is in a transaction, or that the server ended.

    An idle connection is silent but for the news of its end, so that looking takes the place of
    asking.

    Raises:
        InvalidatePoolError: The server ended it: the pool makes new ones for all.
        DisconnectionError: To end its transaction failed: the pool makes a new one for it.
    """
    driver = connection.driver_connection
    waiting = select.poll()
    if not driver.closed:
        waiting.register(driver.pgconn.socket, select.POLLIN)
    if driver.closed or waiting.poll(0):
        raise InvalidatePoolError("the server ended the connection")
    if driver.info.transaction_status != TransactionStatus.IDLE:
        raise DisconnectionError("its transaction was not ended")


def split_url(url: str) -> tuple[URL, int]:
    """Return the address for SQLAlchemy, and the pool's size.

    Raises:
        DatabaseUnsuitableError: It is no PostgreSQL URL; the text does not repeat its password.
    """
    try:
        parsed = make_url(url)
        pool_size = int(str(parsed.query.get("pool_size", POOL_SIZE)))
    except (ArgumentError, ValueError) as error:
        raise DatabaseUnsuitableError("the database URL cannot be parsed") from error
    if parsed.get_backend_name() not in {"postgresql", "postgres"} or pool_size < 1:
        raise DatabaseUnsuitableError(
            f"the database URL is {parsed.render_as_string()}, allowed is postgresql://..."
        )
    without = parsed.difference_update_query(["pool_size"])
    return without.set(drivername="postgresql+psycopg"), pool_size


def without_secrets(url: str) -> str:
    """Return a database's URL as it can be shown.

    Raises:
        DatabaseUnsuitableError: It is no PostgreSQL URL.
    """
    address, _ = split_url(url)
    shown = address.difference_update_query(["password", "sslpassword"])
    return shown.set(drivername="postgresql").render_as_string(hide_password=True)


@contextlib.contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn the errors of SQLAlchemy and psycopg into ours.

    Raises:
        DatabaseAwayError: The same may succeed later.
        DatabaseRefusedError: The values are at fault.
        DatabaseError: Anything else the database does not accept.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseAwayError("all connections to the database are busy") from error
    except (SQLAlchemyError, psycopg.Error) as error:
        raise translate(error) from error


def translate(error: SQLAlchemyError | psycopg.Error, *, lost: bool = False) -> DatabaseError:
    """Return our error for one of the drivers'.

    Args:
        error: What was raised.
        lost: Whether the connection is known to have ended with it.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    lost = lost or (isinstance(error, DBAPIError) and error.connection_invalidated)
    # Without a state the driver itself failed to reach the server or to go on with it.
    unreachable = state is None and isinstance(cause, psycopg.OperationalError)
    text_ = str(cause).strip().split("\n")[0]
    if lost or unreachable or (state is not None and state.startswith(_AWAY)):
        return DatabaseAwayError(f"the database is away: {text_}")
    if state is not None and state.startswith(_REFUSED):
        return DatabaseRefusedError(text_)
    return DatabaseError(f"the database failed: {text_}")
