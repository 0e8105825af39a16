"""Which schema a database has, and which ones this program knows."""

import contextlib
from collections.abc import Iterator
from importlib import resources

from sqlalchemy import Connection, NullPool, create_engine, text

from collector.database.engine import CONNECT_SECONDS, mapped_errors, settle_connections, split_url


def known() -> list[str]:
    """Return the revisions this program knows, the oldest first: its migrations' numbers."""
    versions = resources.files("collector.database") / "migrations" / "versions"
    names = (entry.name for entry in versions.iterdir())
    return sorted(name.partition("_")[0] for name in names if name[0].isdecimal())


def head() -> str:
    """Return the newest revision this program knows."""
    return known()[-1]


def current(url: str) -> str | None:
    """Return the revision of a database's schema; None when it has none.

    Raises:
        DatabaseAwayError: The database cannot be reached.
    """
    with connected(url) as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema at hand, as Alembic notes it; None when it has none."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


@contextlib.contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Use a connection in a transaction that is committed at the end.

    Raises:
        DatabaseAwayError: The database cannot be reached.
    """
    address, _ = split_url(url)
    engine = create_engine(
        address, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS}
    )
    settle_connections(engine)
    with mapped_errors(), engine.begin() as connection:
        yield connection
