"""A subscriber under test at a real broker, and what its session still holds afterwards."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

from edge_agent.broker import Broker
from edge_agent.mqtt import Subscriber

WINDOW = 100  # what iotcore has in flight, whatever receive_maximum says
_STEPS = 5  # of the event loop; what is safe is acknowledged within fewer


class Holder:
    """Keeps every message unsafe until told; knows how often each came."""

    def __init__(self, *, hold=True):
        self.seen = []
        self.waiting = []
        self.hold = hold

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
    """Run a subscriber; it has its subscription at the broker when this begins."""
    broker = Broker(
        host="127.0.0.1", port=port, client_id="agent", receive_maximum=receive_maximum, **kwargs
    )
    subscriber = Subscriber(broker, topics=["t/#"], take=take)
    tasks = [asyncio.create_task(work) for work in (subscriber.run(), subscriber.acknowledge())]
    try:
        await until(lambda: subscriber.connected, what="connected")
        yield subscriber
        for _ in range(_STEPS):
            await asyncio.sleep(0)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def settle(subscriber_port, until, *, expected):
    """Return what a new connection of the same session still gets."""
    late = Holder(hold=False)
    async with subscribed(subscriber_port, late.take, until=until):
        await until(lambda: expected <= set(late.seen), what=f"{expected} in {late.seen}")
    return late.seen
