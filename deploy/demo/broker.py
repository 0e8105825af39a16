"""An MQTT broker on one loopback port: rumqttd from a wheel, for MQTT 3.1.1 and 5 alike.

rumqttd listens for each version on a port of its own, and panels speak either. So a door before
both reads the version out of a connection's first packet and passes the connection on.
"""

import asyncio
import contextlib
import logging
import sys
import tempfile
from typing import Final

from iotcore.iotcore import IotCoreBroker

from deploy.demo.ports import free_port

HOST: Final = "127.0.0.1"
MAX_PAYLOAD_BYTES: Final = 64 * 2**20
"""Far above any reading: what is too large is the agent's to judge."""
_CONNECT: Final = 0x10
_LONGEST_PROTOCOL_NAME: Final = 6
_FIRST_PACKET_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 2**18

_CONFIGURATION: Final = """
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 67108864
max_segment_count = 4
"""
_LISTENER: Final = """
[{version}.mqtt]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.mqtt.connections]
connection_timeout_ms = 60000
max_payload_size = {max_payload_bytes}
max_inflight_count = 1000
dynamic_filters = true
"""


async def serve(port: int) -> None:
    """Run the broker until the process ends.

    Args:
        port: Where clients of either version connect, on 127.0.0.1.
    """
    by_level = {4: free_port(), 5: free_port()}
    _start_rumqttd(by_level)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _pass_on(reader, writer, by_level=by_level)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # a client that comes and goes is a broker's daily life
        finally:
            writer.close()

    server = await asyncio.start_server(connect, HOST, port, limit=_CHUNK_BYTES)
    async with server:
        await server.serve_forever()


def _start_rumqttd(by_level: dict[int, int]) -> None:
    listeners = (
        _LISTENER.format(
            version=f"v{level}", host=HOST, port=port, max_payload_bytes=MAX_PAYLOAD_BYTES
        )
        for level, port in by_level.items()
    )
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(_CONFIGURATION + "".join(listeners))
        file.flush()
        IotCoreBroker(config_path=file.name).start()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, by_level: dict[int, int]
) -> None:
    async with asyncio.timeout(_FIRST_PACKET_SECONDS):
        start, level = await _first_packet(reader)
    if level not in by_level:
        return
    inner_reader, inner_writer = await asyncio.open_connection(
        HOST, by_level[level], limit=_CHUNK_BYTES
    )
    inner_writer.write(start)
    async with asyncio.TaskGroup() as both:
        both.create_task(_pump(reader, inner_writer), name="from the client")
        both.create_task(_pump(inner_reader, writer), name="to the client")


async def _first_packet(reader: asyncio.StreamReader) -> tuple[bytes, int]:
    """Return what was read and the protocol level; 0 when it is no MQTT."""
    start = await reader.readexactly(2)
    if start[0] != _CONNECT:
        return start, 0
    while start[-1] & 0x80 and len(start) < 5:  # noqa: PLR2004 - MQTT's longest fixed header
        start += await reader.readexactly(1)
    name_length = await reader.readexactly(2)
    if int.from_bytes(name_length) > _LONGEST_PROTOCOL_NAME:
        return start, 0
    name = await reader.readexactly(int.from_bytes(name_length) + 1)
    return start + name_length + name, name[-1]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()


if __name__ == "__main__":
    # rumqttd calls the trace of each packet an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    asyncio.run(serve(int(sys.argv[1])))
