"""A connection that is cut in the very moment it is made."""

import asyncio

import pytest
import uvloop
from httpcore import AsyncNetworkBackend
from httpcore._backends.auto import AutoBackend

from edge_agent.errors import CollectorAwayError
from edge_agent.upload import measure_clock, open_client


class CutBackend(AsyncNetworkBackend):
    """Connects, and loses the connection before anybody looks at it."""

    async def connect_tcp(self, host, port, **options):
        stream = await AutoBackend().connect_tcp(host, port, **options)
        stream._stream._transport.abort()
        await asyncio.sleep(0.01)
        return stream


async def ask():
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    (socket,) = server.sockets
    async with (
        server,
        open_client(f"http://127.0.0.1:{socket.getsockname()[1]}", version="1") as it,
    ):
        it._transport._pool._network_backend = CutBackend()
        await measure_clock(it)


def test_a_connection_cut_as_it_is_made_is_a_collector_that_is_away():
    with pytest.raises(CollectorAwayError, match="cut"):
        uvloop.run(ask())  # which the agent runs on: it forgets a socket at once
