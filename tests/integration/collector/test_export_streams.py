"""An export to a client that takes nothing any more, and does not go either."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from collector.api.streams import PatientStream
from collector.database.engine import open_database
from collector.database.export import Selection, open_export
from collector.parquet import parquet

START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def url(postgres_url, rows):
    rows("INSERT INTO site (site, name) VALUES ('alpha', '') RETURNING site_key")
    rows("INSERT INTO panel (site_key, panel) SELECT site_key, 'P' FROM site RETURNING panel_key")
    rows(
        "INSERT INTO reading_raw SELECT panel_key, %s + n * INTERVAL '1 second', 1, 2, 3, 4, 0 "
        "FROM panel, generate_series(1, 100000) AS n RETURNING 1",
        START,
    )
    return postgres_url


@pytest.mark.parametrize("kind", ["csv", "parquet"])
async def test_it_is_given_up_and_its_connection_serves_the_next(url, kind):
    selection = Selection("raw", START, START + timedelta(days=2), None, None)
    parts = "&" if "?" in url else "?"
    async with open_database(f"{url}{parts}pool_size=1") as database, asyncio.timeout(20):
        held = AsyncExitStack()
        export = await held.enter_async_context(open_export(database, selection))
        dropped, messages = [], []
        stream = PatientStream(
            what="export",
            seconds=0.1,
            held=held,
            on_dropped=lambda: dropped.append(True),
            iterator=export.csv() if kind == "csv" else parquet(export.batches()),
        )

        async def send(message):
            messages.append(message)
            if len(messages) > 2:
                await asyncio.Event().wait()

        async def receive():
            await asyncio.Event().wait()

        await stream({"type": "http", "extensions": {}}, receive, send)

        assert dropped
        assert [message["type"] for message in messages] == [
            "http.response.start",
            "http.response.body",
            "http.response.body",
        ]
        async with database.at_once() as connection:
            assert await (await connection.execute("SELECT 1")).fetchall() == [(1,)]
