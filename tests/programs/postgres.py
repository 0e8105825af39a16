"""A PostgreSQL for the tests: the embedded one, or the one `HELIOGRAPH_TEST_DATABASE_URL` names."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from collector.database.embedded import embedded_postgres
from collector.database.migrate import upgrade

VARIABLE = "HELIOGRAPH_TEST_DATABASE_URL"
_SEED = "seed_of_tests"


class Postgres:
    """A server that gives each test a migrated database of its own."""

    _numbers = itertools.count()  # of all that use a server, which may be the same

    def __init__(self, url: str) -> None:
        """Use a server.

        Args:
            url: A database of it whose user may create others.
        """
        self.url = url
        self._prefix = f"heliograph_test_{os.getpid()}"
        self._template: str | None = None
        self._idle: list[str] = []

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Yield the URL of a database that has nothing in it but, if it is migrated, the schema."""
        if not migrated:
            name = self._create("template0")
            try:
                yield self.url_of(name)
            finally:
                self.drop(name)
            return
        # One that is emptied is there at once; to make one is the work of a second.
        name = self._idle.pop() if self._idle else self._create(self._migrated_template())
        yield self.url_of(name)
        self._end_connections(name)
        if empty(self.url_of(name)):
            self._idle.append(name)
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever may still be connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        self._execute(statement)

    def close(self) -> None:
        """Remove what is kept for further tests."""
        for name in self._idle:
            self.drop(name)
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
            name = self._create("template0")
            upgrade(self.url_of(name))
            rest(self.url_of(name))
            _keep_seed(self.url_of(name))
            # Nothing may be connected to what is copied; TimescaleDB's scheduler would like to be.
            self._execute(
                sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                    sql.Identifier(name)
                )
            )
            self._end_connections(name)
            self._template = name
        return self._template

    def _end_connections(self, name: str) -> None:
        self._execute(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(name))
        )

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


def is_timescale(url: str) -> bool:
    """Tell whether a database has TimescaleDB's extension, or a server would put it into one."""
    with psycopg.connect(url) as connection:
        asked = "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
        return connection.execute(asked).fetchone() is not None


def rest(url: str) -> None:
    """Have TimescaleDB do nothing in the background: tests say when a job runs."""
    if is_timescale(url):
        with psycopg.connect(url) as connection:
            connection.execute(
                "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs"
            )


def empty(url: str) -> bool:
    """Bring a database back to what it was when its schema had been made, if that can be.

    Args:
        url: Of one that `Postgres.database` gave, migrated.
    """
    if is_timescale(url):  # what its aggregates have materialised is in no table of ours
        return False
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # no foreign keys, no order
        for table in _tables(connection):
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
            seed = sql.Identifier(_SEED, table.as_string())
            if connection.execute("SELECT to_regclass(%s)", [seed.as_string()]).fetchone()[0]:
                connection.execute(sql.SQL("INSERT INTO {} TABLE {}").format(table, seed))
        for (sequence,) in connection.execute(
            "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences"
            " WHERE last_value IS NOT NULL"
        ).fetchall():
            connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.SQL(sequence)))
    return True


def _keep_seed(url: str) -> None:
    """Keep what the migrations put into tables in a schema of its own."""
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_SEED)))
        for table in _tables(connection):
            if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
                seed = sql.Identifier(_SEED, table.as_string())
                connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(seed, table))


def _tables(connection: psycopg.Connection[tuple[Any, ...]]) -> list[sql.Identifier]:
    found = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'rollup')"
    )
    return [sql.Identifier(*names) for names in found.fetchall()]


@contextlib.contextmanager
def postgres(url: str | None = os.environ.get(VARIABLE)) -> Iterator[Postgres]:
    """Use a server, the one that the environment names; start the embedded one if there is none."""
    with contextlib.ExitStack() as stack:
        if not url:
            # Not below pytest's folders: each pytest of a user closes them to others as it begins,
            # and PostgreSQL, refusing to be root, is somebody else.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-test-"))
            url = stack.enter_context(embedded_postgres(Path(folder) / "data"))
            _hurry(url)
        server = Postgres(url)
        stack.callback(server.close)
        yield server


def _hurry(url: str) -> None:
    """Let a server that no test crashes not wait for the disk."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
