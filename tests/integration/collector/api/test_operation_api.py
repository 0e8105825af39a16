"""What monitors ask: HEAD wherever there is GET, and figures that tell the truth."""

import re

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from collector.database.engine import Database
from collector.roles import Role


@pytest.mark.parametrize(
    "path", ["/health/live", "/health/ready", "/metrics", "/", "/alerts", "/sign-in", "/docs"]
)
async def test_head_is_get_without_the_body(client, path):
    head, full = await client.head(path), await client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == full.headers["content-type"]
    assert full.content


async def test_head_asks_for_a_token_where_get_does(client, bearer):
    assert (await client.head("/api/sites")).status_code == 401
    assert (await client.head("/api/sites", headers=bearer(Role.VIEWER))).status_code == 200
    assert (await client.head("/api/ingest")).status_code == 405


async def test_head_of_a_stream_has_an_end(client, bearer):
    answer = await client.head("/api/live", headers=bearer(Role.VIEWER))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


async def counted(client, route):
    """How many requests of a route were answered, by status."""
    figures = (await client.get("/metrics")).text
    name = r'heliograph_request_seconds_count\{method="\w+",route="%s",status="(\d+)"\} ([\d.]+)'
    return {int(s): float(n) for s, n in re.findall(name % re.escape(route), figures)}


@pytest.mark.counts
async def test_requests_are_counted_by_the_status_they_were_answered_with(client, bearer):
    await client.get("/api/sites")
    await client.get("/api/sites", headers={"Authorization": "Bearer hg_wrong"})
    await client.get("/api/sites", headers=bearer(Role.INGEST))
    await client.get("/api/sites?x=%00", headers=bearer(Role.VIEWER))
    await client.get("/api/sites", headers=bearer(Role.VIEWER))
    assert await counted(client, "/api/sites") == {401: 2, 403: 1, 400: 1, 200: 1}


@pytest.mark.counts
async def test_a_database_that_is_away_during_authentication_counts_as_503(client, bearer):
    headers = bearer(Role.VIEWER)
    nowhere = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    there = client.app.state.database
    client.app.state.database = Database(nowhere, there.flavour)
    answer = await client.get("/api/sites", headers=headers)
    client.app.state.database = there
    assert answer.status_code == 503
    assert await counted(client, "/api/sites") == {503: 1}
