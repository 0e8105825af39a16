"""Bringing a database to the schema this program needs."""

from typing import Final

from sqlalchemy import Connection, text

from collector.database.engine import mapped_errors
from collector.database.flavour import QUERY, Flavour
from collector.database.revision import connected, current, head, known, revision_of
from collector.errors import DatabaseUnsuitableError

HEAD: Final = "head"
_LOCK: Final = 0x48_45_4C_49_4F
_WANTS_EXTENSION: Final = """
SELECT EXISTS (SELECT FROM pg_available_extensions
               WHERE name = 'timescaledb' AND installed_version IS NULL)
"""


def upgrade(url: str, *, to: str = HEAD) -> None:
    """Bring a database to the newest schema, in one transaction; programs wait for each other.

    A database that is empty gets the extension TimescaleDB where the server has it.

    Args:
        url: The database.
        to: The revision to go to; only tests of upgrades want an old one.

    Raises:
        DatabaseAwayError: The database cannot be reached.
        DatabaseUnsuitableError: It lacks what is needed, or is newer than this program.
    """
    if to == HEAD and current(url) == head():
        return
    # Alembic takes a quarter of a collector's start to import; at most starts nothing is to do.
    from collector.database.migrations.running import run_to

    with connected(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = revision_of(connection)
        if revision is None:
            _add_extension(connection)
        elif revision not in known():
            raise DatabaseUnsuitableError(
                f"the database has schema {revision}, this program knows up to {head()}: "
                "run the newer program"
            )
        flavour = Flavour.of(connection.execute(text(QUERY)).one())
        run_to(to, connection=connection, flavour=flavour)


def _add_extension(connection: Connection) -> None:
    if not connection.execute(text(_WANTS_EXTENSION)).scalar_one():
        return
    with mapped_errors():
        connection.execute(text("CREATE EXTENSION timescaledb"))
