"""A PostgreSQL for the tests: the embedded one, or the one `HELIOGRAPH_TEST_DATABASE_URL` names."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from collector.database.embedded import embedded_postgres
from collector.database.migrate import upgrade

VARIABLE = "HELIOGRAPH_TEST_DATABASE_URL"


class Postgres:
    """A server that gives each test a migrated database of its own."""

    def __init__(self, url: str) -> None:
        """Use a server.

        Args:
            url: A database of it whose user may create others.
        """
        self.url = url
        self._prefix = f"heliograph_test_{os.getpid()}"
        self._numbers = itertools.count()
        self._template: str | None = None

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Make a database, yield its URL, and remove it."""
        template = self._migrated_template() if migrated else "template1"
        name = self._create(template)
        try:
            yield self.url_of(name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever may still be connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        self._execute(statement)

    def close(self) -> None:
        """Remove what all the databases were copied from."""
        if self._template is not None:
            self._execute(
                sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(
                    sql.Identifier(self._template)
                )
            )
            self.drop(self._template)

    def url_of(self, name: str) -> str:
        """Return the URL of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def _migrated_template(self) -> str:
        if self._template is None:
            name = self._create("template1")
            upgrade(self.url_of(name))
            # Nothing may be connected to what is copied; TimescaleDB's scheduler would like to be.
            self._execute(
                sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                    sql.Identifier(name)
                )
            )
            self._execute(
                sql.SQL(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
                ).format(sql.Literal(name))
            )
            self._template = name
        return self._template

    def _create(self, template: str) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def _execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Use the server that the environment names, else start the embedded one."""
    with contextlib.ExitStack() as stack:
        url = os.environ.get(VARIABLE)
        if not url:
            # Not below pytest's folders: each pytest of a user closes them to others as it begins,
            # and PostgreSQL, refusing to be root, is somebody else.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-test-"))
            url = stack.enter_context(embedded_postgres(Path(folder) / "data"))
        server = Postgres(url)
        stack.callback(server.close)
        yield server
