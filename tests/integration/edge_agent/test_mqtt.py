"""The connection to a real broker: found, lost, refused, and closed in good order."""

import asyncio
import contextlib

import pytest

from edge_agent.mqtt import Broker, Subscriber, close, connect, new_client
from integration.edge_agent.sessions import Holder, subscribed


async def test_a_broker_that_starts_later_or_again_is_found(mosquitto, publisher_of, until):
    holder = Holder(hold=False)
    mosquitto.stop()
    broker = Broker(host="127.0.0.1", port=mosquitto.port, client_id="agent")
    subscriber = Subscriber(broker, topics=["t/#"], take=holder.take)
    task = asyncio.create_task(subscriber.run())
    await until(lambda: subscriber.trouble is not None, what="the complaint")
    for number in (1, 2):
        mosquitto.start()
        await until(lambda: subscriber.connected, what="connected")
        async with publisher_of(mosquitto.port) as panel:
            panel.send("t/a", str(number))
            await until(lambda number=number: number in holder.seen)
        mosquitto.stop()
        await until(lambda: not subscriber.connected)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_payload_of_ten_megabytes_does_not_stop_the_next_one(
    mosquitto, publisher_of, until
):
    sizes = []

    def take(message, _acknowledged):
        sizes.append(len(message.payload))
        event = asyncio.Event()
        event.set()
        return event

    async with (
        publisher_of(mosquitto.port) as panel,
        subscribed(mosquitto.port, take, until=until),
    ):
        panel.send("t/a", b"x" * 10_000_000)
        panel.send("t/a", b"y")
        await until(lambda: sizes == [10_000_000, 1], what="both")


async def test_wrong_credentials_are_said_and_tried_again(tmp_path, mosquitto_of, until):
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    extra = f"password_file {passwords}\n"
    broker = mosquitto_of(tmp_path / "strict", extra=extra, anonymous=False)
    broker.start()
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(broker.stop)
        address = Broker(
            host="127.0.0.1", port=broker.port, client_id="a", username="u", password="wrong"
        )
        subscriber = Subscriber(address, topics=["t/#"], take=lambda *_: asyncio.Event())
        task = asyncio.create_task(subscriber.run())
        await until(lambda: subscriber.trouble is not None)
        assert "ot authori" in subscriber.trouble or "assword" in subscriber.trouble
        assert "wrong" not in subscriber.trouble
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_connection_being_closed_acknowledges_nothing_more(mosquitto):
    broker = Broker(host="127.0.0.1", port=mosquitto.port, client_id="agent")
    client = new_client(broker, clean=True)
    await connect(client, broker)
    sent = []
    client._connection.send_command_with_mid = lambda *packet, **_: sent.append(packet)
    client._package_handler._send_puback(1)
    await close(client)
    client._package_handler._send_puback(2)
    assert [mid for _, mid, _ in sent] == [1]
