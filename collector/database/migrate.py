"""Bringing a database to the schema this program needs, by Alembic."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from collector.database.engine import CONNECT_SECONDS, mapped_errors, settle_connections, split_url
from collector.database.flavour import QUERY, Flavour
from collector.errors import DatabaseUnsuitableError

_LOCK: Final = 0x48_45_4C_49_4F
_WANTS_EXTENSION: Final = """
SELECT EXISTS (SELECT FROM pg_available_extensions
               WHERE name = 'timescaledb' AND installed_version IS NULL)
"""


def upgrade(url: str, *, to: str = "head") -> None:
    """Bring a database to the newest schema, in one transaction; programs wait for each other.

    A database that is empty gets the extension TimescaleDB where the server has it.

    Args:
        url: The database.
        to: The revision to go to; only tests of upgrades want an old one.

    Raises:
        DatabaseAwayError: The database cannot be reached.
        DatabaseUnsuitableError: It lacks what is needed, or is newer than this program.
    """
    with _connected(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = _revision(connection)
        if revision is None:
            _add_extension(connection)
        elif revision not in {script.revision for script in _scripts().walk_revisions()}:
            raise DatabaseUnsuitableError(
                f"the database has schema {revision}, this program knows up to {head()}: "
                "run the newer program"
            )
        config = _config()
        config.attributes["connection"] = connection
        config.attributes["flavour"] = Flavour.of(connection.execute(text(QUERY)).one())
        command.upgrade(config, to)


def current(url: str) -> str | None:
    """Return the revision of a database's schema; None when it has none.

    Raises:
        DatabaseAwayError: The database cannot be reached.
    """
    with _connected(url) as connection:
        return _revision(connection)


def head() -> str:
    """Return the newest revision this program knows."""
    revision = _scripts().get_current_head()
    assert revision is not None  # noqa: S101 - the package has migrations
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _add_extension(connection: Connection) -> None:
    if not connection.execute(text(_WANTS_EXTENSION)).scalar_one():
        return
    with mapped_errors():
        connection.execute(text("CREATE EXTENSION timescaledb"))


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Connection]:
    address, _ = split_url(url)
    engine = create_engine(
        address, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS}
    )
    settle_connections(engine)
    with mapped_errors(), engine.begin() as connection:
        yield connection
