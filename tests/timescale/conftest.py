import os
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from collector.database.engine import open_database
from collector.database.migrate import upgrade
from programs.postgres import VARIABLE, Postgres, rest
from timescale.wasm import start_timescale

NOT_BEGUN = """
UPDATE rollup.progress SET (minutes_until, hours_until, days_until, reaches) =
    ('1970-01-01', '1970-01-01', '1970-01-01', NULL)
"""


@pytest.fixture(scope="session")
def timescale_url():
    """A migrated TimescaleDB: the one `HELIOGRAPH_TEST_DATABASE_URL` names, else the WASM build.

    One connection at a time, and the same database for all tests: each cleans up after itself.
    """
    with _migrated_timescale() as url:
        yield url


@pytest.fixture(scope="module")
def own_timescale_url():
    """The same for one module alone: a refresh changes what readings the aggregates still miss."""
    with _migrated_timescale() as url:
        yield url


@contextmanager
def _timescale():
    with ExitStack() as stack:
        if server := os.environ.get(VARIABLE):
            yield stack.enter_context(Postgres(server).database(migrated=False))
        else:
            yield stack.enter_context(start_timescale())


@contextmanager
def _migrated_timescale():
    with _timescale() as url:
        upgrade(url)
        if os.environ.get(VARIABLE):  # in the WASM build nothing runs by itself
            rest(url)
        yield url


@pytest.fixture(params=["plain", "timescale"])
def database_url(request):
    """A migrated database of each flavour."""
    if request.param == "plain":
        yield request.getfixturevalue("plain_url")
    else:
        url = request.getfixturevalue("timescale_url")
        yield url
        _empty(url)


@pytest.fixture(params=["plain", "timescale"])
def own_url(request):
    """The same, of a module alone: what was refreshed once is not made of readings when asked."""
    if request.param == "plain":
        yield request.getfixturevalue("plain_url")
    else:
        url = request.getfixturevalue("own_timescale_url")
        yield url
        _empty(url)


@pytest.fixture(params=["plain", "timescale"])
def empty_url(request, plain_server):
    """An empty database of each flavour."""
    start = _timescale() if request.param == "timescale" else plain_server.database(migrated=False)
    with start as url:
        yield url


@pytest.fixture
async def database(database_url):
    async with open_database(database_url) as database:
        yield database


def _empty(url):
    with psycopg.connect(url.replace("&pool_size=1", ""), autocommit=True) as connection:
        # The WASM build has one session for all connections, which keeps their prepared statements.
        connection.execute("DEALLOCATE ALL")
        connection.execute("TRUNCATE site, panel, gateway, alert CASCADE")
        connection.execute("TRUNCATE rollup.touched, rollup.late")
        connection.execute(
            "TRUNCATE rollup.site_1m, rollup.site_1h, rollup.site_1d, rollup.site_now, "
            "rollup.site_sun"
        )
        connection.execute(NOT_BEGUN)
        for table in ("reading_raw", "weather", "meter", "detection_window"):
            connection.execute(f"DELETE FROM {table}")
