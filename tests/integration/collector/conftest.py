import psycopg
import pytest

from collector.database.engine import open_database
from collector.ingest import open_ingest
from integration.collector.bodies import add_gateway


@pytest.fixture
async def database(postgres_url):
    async with open_database(postgres_url) as database:
        yield database


@pytest.fixture
async def ingest(database):
    async with open_ingest(database) as ingest:
        yield ingest


@pytest.fixture
def rows(postgres_url):
    """`rows(query, *values)`: asks the database, on a connection of its own."""

    def ask(query, *values):
        with psycopg.connect(postgres_url) as connection:
            return connection.execute(query, values).fetchall()

    return ask


@pytest.fixture
def sender(postgres_url):
    """A gateway of site alpha."""
    return add_gateway(postgres_url, site="alpha", gateway="gw-alpha")
