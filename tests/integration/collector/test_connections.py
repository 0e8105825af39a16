"""What a database prefers, another time zone than UTC say, changes no answer."""

import select
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from collector.database.engine import open_database
from collector.database.migrate import upgrade
from collector.errors import DatabaseAwayError, DatabaseError
from collector.queries.panels import list_panels
from collector.queries.sites import find_site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def kolkata_url(postgres_server):
    """A database of the time zone Asia/Kolkata, migrated there too, with readings since dawn."""
    with postgres_server.database(migrated=False) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            (name,) = connection.execute("SELECT current_database()").fetchone()
            connection.execute(f"ALTER DATABASE {name} SET timezone TO 'Asia/Kolkata'")
            connection.execute(f"ALTER DATABASE {name} SET jit TO on")
        upgrade(url)
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO site (site, name, timezone) VALUES ('a', 'A', 'UTC')")
            connection.execute("INSERT INTO panel (site_key, panel) SELECT site_key, 'P' FROM site")
            connection.execute(
                "INSERT INTO reading_raw SELECT panel_key, %s - n * INTERVAL '1 minute', 25000, "
                "48000, 8000, 300000, 0 FROM generate_series(1, 1440) AS n, panel",
                [NOW],
            )
        yield url


@pytest.fixture
async def kolkata(kolkata_url):
    async with open_database(kolkata_url) as database:
        yield database


async def test_every_connection_speaks_utc_and_compiles_no_plans_also_after_a_rollback(kolkata):
    for _ in range(2):
        async with kolkata.at_once() as first, kolkata.at_once() as second:
            for connection in (first, second):
                assert await _one(connection, "SHOW timezone") == "UTC"
                assert await _one(connection, "SHOW jit") == "off"
        with pytest.raises(DatabaseError):
            async with kolkata.begin() as connection:
                await connection.execute("SELECT 1 / 0")


async def test_energy_is_counted_from_the_sites_midnight(kolkata):
    site = await find_site(kolkata, site="a")
    (panel,) = await list_panels(kolkata, site=site, now=NOW)
    assert panel.energy_today_wh == pytest.approx(12 * 300, rel=0.01)
    assert panel.last_reading_at == NOW - timedelta(minutes=1)
    assert b'"last_reading_at":"2026-06-01T11:59:00Z"' in msgspec.json.encode(panel)


async def test_connections_that_the_server_ended_are_replaced_before_they_are_used(kolkata):
    pid = "SELECT pg_backend_pid()"
    async with kolkata.at_once() as first, kolkata.at_once() as second:
        old = {await _one(each, pid) for each in (first, second)}
    async with kolkata.at_once() as alive:
        # It returns when the other is gone.
        assert await _one(
            alive,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'",
        )
        async with kolkata.at_once() as other:
            assert await _one(other, pid) not in old
    async with kolkata.at_once() as again:
        assert await _one(again, "SHOW timezone") == "UTC"


async def test_a_connection_whose_transaction_nobody_ended_is_not_used_again(kolkata):
    pid = "SELECT pg_backend_pid()"
    async with kolkata.at_once() as left:
        old = await _one(left, pid)
        await left.execute("BEGIN")
    async with kolkata.at_once() as again:
        assert await _one(again, pid) != old


async def test_a_connection_that_ends_is_away_whatever_the_server_says_of_it(kolkata):
    async def linger():
        async with kolkata.begin() as connection:
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
            assert select.select([connection.pgconn.socket], [], [], 10)[0]
            await connection.execute("SELECT 1")

    with pytest.raises(DatabaseAwayError):
        await linger()


async def _one(connection, statement):
    ((value,),) = await (await connection.execute(statement)).fetchall()
    return value
