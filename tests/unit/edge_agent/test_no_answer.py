"""Why there is no connection, or no answer, is said in words."""

import asyncio
import ssl

import httpx
import pytest

from edge_agent.broker import Broker, close, connect, new_client
from edge_agent.errors import BrokerError
from edge_agent.problems import why


def kinds(kind=httpx.TransportError):
    """All kinds of errors that httpx raises without an answer."""
    return [kind, *(below for one in kind.__subclasses__() for below in kinds(one))]


@pytest.mark.parametrize("kind", kinds())
def test_an_error_without_words_gets_some(kind):
    said = why(kind(""))
    assert kind.__name__ not in said
    assert " " in said


async def test_a_broker_that_is_asked_for_tls_it_does_not_speak_is_said_so():
    async def cut(reader, writer):
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tls = ssl.create_default_context()
        broker = Broker(host="127.0.0.1", port=port, client_id="alpha", tls=tls)
        client = new_client(broker, clean=True)
        with pytest.raises(BrokerError, match="does not answer with TLS: is this port one for"):
            await connect(client, broker)
        await close(client)
