import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from collector.database.embedded import embedded_postgres
from collector.database.engine import open_database
from collector.database.migrate import upgrade
from collector.ingest import Sender, open_ingest


@pytest.fixture(scope="session")
def postgres_url():
    # pytest's own folders are too deep for a socket, and not for the server's user to enter.
    with tempfile.TemporaryDirectory(prefix="heliograph-") as folder:
        with embedded_postgres(Path(folder) / "data") as url:
            yield url


@pytest.fixture
def empty_url(postgres_url):
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_url.replace("/heliograph?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def migrated_url(empty_url):
    upgrade(empty_url)
    return empty_url


@pytest.fixture
async def database(migrated_url):
    async with open_database(migrated_url) as database:
        yield database


@pytest.fixture
async def ingest(database):
    async with open_ingest(database) as ingest:
        yield ingest


@dataclass
class Rows:
    url: str

    def __call__(self, query, *values):
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture
def rows(migrated_url):
    """Ask the database, on a connection of its own."""
    return Rows(migrated_url)


@pytest.fixture
def sender(migrated_url):
    """A gateway of site alpha."""
    return add_gateway(migrated_url, site="alpha", gateway="gw-alpha")


def add_gateway(url, *, site, gateway):
    with psycopg.connect(url) as connection:
        (site_key,) = connection.execute(
            "INSERT INTO site (site, name) VALUES (%s, %s) "
            "ON CONFLICT (site) DO UPDATE SET name = excluded.name RETURNING site_key",
            [site, site.title()],
        ).fetchone()
        (gateway_key,) = connection.execute(
            "INSERT INTO gateway (gateway, site_key, public_key) VALUES (%s, %s, sha256(%s)) "
            "RETURNING gateway_key",
            [gateway, site_key, gateway.encode()],
        ).fetchone()
    return Sender(site_key=site_key, site=site, gateway_key=gateway_key)


def _count():
    number = 0
    while True:
        number += 1
        yield number


_NUMBERS = _count()
