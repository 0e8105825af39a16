import asyncio

import psycopg
import pytest
from psycopg import sql

from collector.errors import DatabaseAwayError
from integration.collector.bodies import NOW, add_gateway, body, readings, segment


@pytest.fixture
def shut(postgres_url, postgres_server):
    """`shut(True)` closes the database to all and throws everybody out; `shut(False)` opens it."""

    def shut(closed):
        with psycopg.connect(postgres_server.url, autocommit=True) as connection:
            name = psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
            connection.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                    sql.Identifier(name), sql.Literal(not closed)
                )
            )
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )

    yield shut
    shut(False)


async def test_the_writer_recovers_by_itself_when_the_database_was_away(ingest, sender, rows, shut):
    sent = body(segment(readings()))
    await ingest.segments(sent, sender=sender, now=NOW)

    shut(True)
    more = body(segment(readings(count=15), seq=(1, 1)))
    with pytest.raises(DatabaseAwayError):
        await ingest.segments(more, sender=sender, now=NOW)
    shut(False)
    receipt = await ingest.segments(more, sender=sender, now=NOW)

    assert (receipt.accepted, receipt.duplicates) == (10, 20)
    assert rows("SELECT received::text FROM ledger") == [("{[0,2)}",)]


async def test_many_requests_share_few_commits(ingest, postgres_url, rows):
    senders = [add_gateway(postgres_url, site=f"s{n}", gateway=f"g{n}") for n in range(20)]
    for sender in senders:
        await ingest.segments(body(segment(readings(count=1))), sender=sender, now=NOW)
    before = {xmin for (xmin,) in rows("SELECT xmin::text FROM reading_raw")}

    await asyncio.gather(
        *(
            ingest.segments(body(segment(readings(), seq=(1, 1))), sender=sender, now=NOW)
            for sender in senders
        )
    )

    after = {xmin for (xmin,) in rows("SELECT xmin::text FROM ledger")}
    assert len(before) == 20
    assert len(after) < 10
    assert rows("SELECT count(*) FROM reading_raw") == [(400,)]


async def test_a_request_that_gives_up_does_not_stop_the_others(ingest, sender, rows):
    sent = [body(segment(readings(panels=1), seq=(n, n))) for n in range(3)]
    tasks = [
        asyncio.create_task(ingest.segments(one, sender=sender, now=NOW), name=f"send-{n}")
        for n, one in enumerate(sent)
    ]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(results[1], asyncio.CancelledError)
    assert results[0].accepted + results[2].accepted <= 10
    assert rows("SELECT count(*) FROM reading_raw") == [(10,)]
