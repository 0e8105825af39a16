"""The session at the broker, at real brokers: what is acknowledged, and what comes again."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest

from edge_agent.mqtt import Broker, Subscriber, close, connect, new_client

WINDOW = 100  # what iotcore has in flight, whatever receive_maximum says


class Holder:
    """Keeps every message unsafe until told; knows how often each came."""

    def __init__(self):
        self.seen = []
        self.waiting = []
        self.hold = True

    def take(self, message, _acknowledged):
        event = asyncio.Event()
        self.seen.append(int(message.payload))
        if self.hold:
            self.waiting.append(event)
        else:
            event.set()
        return event

    def release(self):
        self.hold = False
        for event in self.waiting:
            event.set()


@asynccontextmanager
async def subscribed(port, take, *, until, receive_maximum=WINDOW, **kwargs):
    broker = Broker(
        host="127.0.0.1", port=port, client_id="agent", receive_maximum=receive_maximum, **kwargs
    )
    subscriber = Subscriber(broker, topics=["t/#"], take=take)
    task = asyncio.create_task(subscriber.run())
    try:
        await until(lambda: subscriber.connected, what="connected")
        yield subscriber
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def settle(subscriber_port, until, *, expected):
    """Return what a new connection of the same session still gets."""
    late = Holder()
    late.hold = False
    async with subscribed(subscriber_port, late.take, until=until):
        await until(lambda: expected <= set(late.seen), what=f"{expected} in {late.seen}")
    return late.seen


async def test_a_redelivered_message_is_acknowledged_once_and_the_window_stays_whole(
    any_broker_port, proxy_of, publisher_of, until
):
    """The late acknowledgement of the first copy must not settle another message's packet id."""
    holder = Holder()
    async with proxy_of(any_broker_port) as proxy, publisher_of(any_broker_port) as panel:
        async with subscribed(proxy.port, holder.take, until=until) as subscriber:
            panel.send("t/first", "0")
            await until(lambda: holder.seen, what="the subscription")
            for number in range(1, 300):
                panel.send("t/first", str(number))
            await until(lambda: len(holder.seen) == WINDOW, what="a full window")
            proxy.cut()
            await until(lambda: not subscriber.connected, what="the loss")
            await until(lambda: len(holder.seen) == 2 * WINDOW, what="the second copies")
            assert sorted(holder.seen) == sorted([*range(WINDOW)] * 2)
            holder.release()
            await until(lambda: set(holder.seen) >= set(range(300)), what="all of them")
            for number in range(300, 800):
                panel.send("t/second", str(number))
            await until(lambda: set(holder.seen) >= set(range(800)), what="the window is whole")
        # Mosquitto forgets acknowledgements it has not read when another connection takes over.
        await until(lambda: not proxy.lines, what="the broker has read to the end")
        panel.send("t/third", "800")
        assert await settle(any_broker_port, until, expected={800}) == [800]


async def test_a_message_not_safe_yet_comes_again_at_the_next_start(
    any_broker_port, publisher_of, until
):
    holder = Holder()
    async with publisher_of(any_broker_port) as panel:
        async with subscribed(any_broker_port, holder.take, until=until):
            panel.send("t/a", "1")
            await until(lambda: holder.seen == [1])
        assert await settle(any_broker_port, until, expected={1}) == [1]


async def test_retained_copies_are_no_readings(mosquitto, publisher_of, until):
    holder = Holder()
    holder.hold = False
    async with publisher_of(mosquitto.port) as panel:
        panel.send("t/ghost", "13", retain=True)
        panel.send("t/ghost2", "14", retain=True)
        async with subscribed(mosquitto.port, holder.take, until=until):
            panel.send("t/live", "1")
            await until(lambda: 1 in holder.seen)
    assert holder.seen == [1]


async def test_a_broker_that_starts_later_or_again_is_found(mosquitto, publisher_of, until):
    holder = Holder()
    holder.hold = False
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


async def test_two_agents_of_one_id_say_so_and_do_not_chase_each_other(mosquitto, until, caplog):
    caplog.set_level("INFO", "edge_agent.mqtt")
    holder = Holder()
    async with (
        subscribed(mosquitto.port, holder.take, until=until) as one,
        subscribed(mosquitto.port, holder.take, until=until) as other,
    ):
        await until(
            lambda: any("uses the id 'agent'" in (agent.trouble or "") for agent in (one, other)),
            what="the complaint",
        )
        await asyncio.sleep(4)  # nothing tells that nothing more happens
    assert caplog.text.count("connected to the broker") <= 20


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
