"""The session at real brokers: what is acknowledged, and what comes again, to whom."""

import asyncio
import time
from contextlib import asynccontextmanager

import paho.mqtt.client as paho
from paho.mqtt.properties import PacketTypes, Properties

from integration.edge_agent.sessions import WINDOW, Holder, settle, subscribed
from programs.mosquitto import EVERY_CHANGE


@asynccontextmanager
async def rival(port, until):
    """Another client of the agent's id that takes over its session and acknowledges nothing."""
    seen = []
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, "agent", protocol=paho.MQTTv5, manual_ack=True
    )
    client.on_message = lambda _client, _data, message: seen.append(int(message.payload))
    keeps = Properties(PacketTypes.CONNECT)
    keeps.SessionExpiryInterval = 0xFFFFFFFF
    client.connect("127.0.0.1", port, clean_start=False, properties=keeps)
    client.loop_start()
    try:
        await until(client.is_connected, what="the rival connects")
        yield seen
    finally:
        await asyncio.to_thread(lambda: (client.disconnect(), client.loop_stop()))


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


async def test_what_is_safe_early_is_acknowledged_in_its_turn_and_the_broker_stays(
    any_broker_port, proxy_of, publisher_of, until
):
    """Brokers may disconnect whoever acknowledges out of order."""
    holder = Holder()
    async with proxy_of(any_broker_port) as proxy, publisher_of(any_broker_port) as panel:
        async with subscribed(proxy.port, holder.take, until=until) as subscriber:
            for number in range(20):
                panel.send("t/a", str(number))
            await until(lambda: len(holder.seen) == 20, what="all of them")
            for event in (*holder.waiting[10:], *holder.waiting[:10]):
                event.set()
                await asyncio.sleep(0)
            holder.release()
            for number in range(20, 20 + 2 * WINDOW):
                panel.send("t/a", str(number))
            await until(lambda: len(holder.seen) == 20 + 2 * WINDOW, what="a window and more")
            assert subscriber.connected
            assert proxy.lines == 1
        await until(lambda: not proxy.lines, what="the broker has read to the end")
    assert holder.seen == list(range(20 + 2 * WINDOW))


async def test_a_message_not_safe_yet_comes_again_at_the_next_start(
    any_broker_port, publisher_of, until
):
    holder = Holder()
    async with publisher_of(any_broker_port) as panel:
        async with subscribed(any_broker_port, holder.take, until=until):
            panel.send("t/a", "1")
            await until(lambda: holder.seen == [1])
        assert await settle(any_broker_port, until, expected={1}) == [1]


async def test_what_another_client_of_the_same_id_takes_over_comes_back(
    any_broker_port, publisher_of, until
):
    """Neither the other's silence nor our late acknowledgements lose a message."""
    holder = Holder()
    async with publisher_of(any_broker_port) as panel:
        async with subscribed(any_broker_port, holder.take, until=until) as subscriber:
            for number in range(10):
                panel.send("t/a", str(number))
            await until(lambda: len(holder.seen) == 10, what="the first copies")
            async with rival(any_broker_port, until) as seen:
                await until(lambda: not subscriber.connected, what="the agent is pushed out")
                holder.release()  # of a connection that is no more: nobody may hear of it
                await until(lambda: set(seen) >= set(range(10)), what="the rival has them")
                panel.send("t/a", "10")
            await until(lambda: holder.seen.count(10) >= 1, what="what came meanwhile")
            await until(
                lambda: all(holder.seen.count(number) >= 2 for number in range(10)),
                what="the second copies",
            )
        panel.send("t/a", "11")
        assert 11 in await settle(any_broker_port, until, expected={11})


async def test_a_broker_that_restarts_sends_what_was_not_safe_again(mosquitto, publisher_of, until):
    holder = Holder()
    async with subscribed(mosquitto.port, holder.take, until=until) as subscriber:
        async with publisher_of(mosquitto.port) as panel:
            for number in range(2 * WINDOW):
                panel.send("t/a", str(number))
            await until(lambda: len(holder.seen) == WINDOW, what="a full window")
        await asyncio.to_thread(mosquitto.restart)
        await until(lambda: len(holder.seen) == 2 * WINDOW, what="the second copies")
        assert sorted(holder.seen) == sorted([*range(WINDOW)] * 2)
        holder.release()
        await until(lambda: set(holder.seen) == set(range(2 * WINDOW)), what="all of them")
        assert subscriber.connected
        await until(
            lambda: holder.seen.count(2 * WINDOW - 1) == 1, what="the rest comes once, as it should"
        )
    async with publisher_of(mosquitto.port) as panel:
        panel.send("t/a", "999")
        late = await settle(mosquitto.port, until, expected={999})
    assert len(late) <= 1 + WINDOW


async def test_a_broker_that_is_killed_sends_what_it_had_written_down_again(
    mosquitto_of, tmp_path, publisher_of, until
):
    """With every change written down, what it kept for us outlives it: we need not be there."""
    broker = mosquitto_of(tmp_path / "careful", extra=EVERY_CHANGE)
    broker.start()
    holder = Holder()
    try:
        async with publisher_of(broker.port) as panel:
            async with subscribed(broker.port, holder.take, until=until):
                panel.send("t/a", "1")
                await until(lambda: holder.seen == [1], what="the first copy")
            panel.send("t/a", "2")
            await until(
                lambda: broker.state.read_bytes().count(b"t/a") >= 2, what="both written down"
            )
        await asyncio.to_thread(broker.kill)
        broker.start()
        assert await settle(broker.port, until, expected={1, 2}) == [1, 2]
    finally:
        broker.discard()


async def test_a_broker_that_has_forgotten_our_session_is_said_to_have(
    mosquitto, publisher_of, until, caplog
):
    """One that keeps it is not."""
    holder = Holder(hold=False)
    async with subscribed(mosquitto.port, holder.take, until=until) as subscriber:
        await until(subscriber.subscribed.is_set, what="the subscription")
        for end, forgotten in ((mosquitto.stop, 0), (mosquitto.kill, 1)):
            await asyncio.to_thread(end)
            if forgotten:
                mosquitto.state.unlink()
            await until(lambda: not subscriber.connected, what="the loss")
            mosquitto.start()
            await until(lambda: subscriber.connected, what="connected again")
            async with publisher_of(mosquitto.port) as panel:
                panel.send("t/a", str(forgotten))
                await until(lambda number=forgotten: number in holder.seen, what="a message")
            assert caplog.text.count("has forgotten our session") == forgotten


async def test_retained_copies_are_no_readings(mosquitto, publisher_of, until):
    holder = Holder(hold=False)
    async with publisher_of(mosquitto.port) as panel:
        panel.send("t/ghost", "13", retain=True)
        panel.send("t/ghost2", "14", retain=True)
        async with subscribed(mosquitto.port, holder.take, until=until):
            panel.send("t/live", "1")
            await until(lambda: 1 in holder.seen)
    assert holder.seen == [1]


async def test_a_retained_message_is_taken_when_it_is_new_and_not_when_it_is_a_copy(
    any_broker_port, publisher_of, until
):
    holder = Holder(hold=False)
    async with publisher_of(any_broker_port) as panel:
        async with subscribed(any_broker_port, holder.take, until=until):
            panel.send("t/a", "0")
            await until(lambda: holder.seen == [0], what="the subscription")
            panel.send("t/ghost", "13", retain=True)
            await until(lambda: 13 in holder.seen, what="the new one")
        panel.send("t/a", "1")
        late = await settle(any_broker_port, until, expected={1})
    assert (holder.seen.count(13), late) == (1, [1])


async def test_messages_published_twice_are_handed_on_twice_and_both_acknowledged(
    any_broker_port, publisher_of, until
):
    """A publisher that repeats itself is told apart by panel and time, in the database."""
    holder = Holder(hold=False)
    async with publisher_of(any_broker_port) as panel:
        async with subscribed(any_broker_port, holder.take, until=until):
            panel.send("t/a", "0")
            await until(lambda: holder.seen, what="the subscription")
            for _ in range(2):
                panel.send("t/a", "1")
            await until(lambda: holder.seen == [0, 1, 1], what="both")
        panel.send("t/a", "2")
        assert await settle(any_broker_port, until, expected={2}) == [2]


def quiet_since(caplog):
    """Seconds since anybody last connected: more than the first wait ever lasts, or not."""
    times = [r.created for r in caplog.records if "connected to the broker" in r.message]
    return time.time() - max(times)


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
        await until(lambda: quiet_since(caplog) > 0.5, what="both leave each other alone longer")
    assert caplog.text.count("connected to the broker") <= 20
