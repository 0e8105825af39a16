import asyncio
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.turns import Turns


class Messages:
    """Messages by number, each of a flush, and in which order they were acknowledged."""

    def __init__(self):
        self.turns, self.acknowledged, self._tasks = Turns(), [], []

    async def _acknowledge(self, number, settled):
        await self.turns.wait(settled)
        self.acknowledged.append(number)

    async def come(self, *settled):
        for one in settled:
            self._tasks.append(asyncio.create_task(self._acknowledge(len(self._tasks), one)))
        await asyncio.sleep(0)

    async def all_acknowledged(self):
        async with asyncio.timeout(10):
            await asyncio.gather(*self._tasks)
        return self.acknowledged


@asynccontextmanager
async def running():
    messages = Messages()
    task = asyncio.create_task(messages.turns.run())
    yield messages
    task.cancel()


async def test_what_is_safe_early_waits_for_what_came_before():
    first, second = asyncio.Event(), asyncio.Event()
    async with running() as messages:
        await messages.come(first, first, second, second)
        second.set()
        await asyncio.sleep(0.01)
        assert messages.acknowledged == []
        first.set()
        assert await messages.all_acknowledged() == [0, 1, 2, 3]


async def test_a_copy_that_need_not_become_safe_waits_for_those_before_it_only():
    first = asyncio.Event()
    async with running() as messages:
        await messages.come(None)
        assert await messages.all_acknowledged() == [0]
        await messages.come(first, None, first)
        await asyncio.sleep(0.01)
        assert messages.acknowledged == [0]
        first.set()
        assert await messages.all_acknowledged() == [0, 1, 2, 3]


async def test_at_the_end_nobody_waits_any_more():
    async with running() as messages:
        await messages.come(asyncio.Event(), asyncio.Event())
        messages.turns.end()
        assert await messages.all_acknowledged() == [0, 1]


@given(
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_whatever_becomes_safe_first_all_are_acknowledged_as_they_came(sizes, order):
    async def run():
        flushes = [asyncio.Event() for _ in sizes]
        shuffled = list(flushes)
        order.shuffle(shuffled)
        async with running() as messages:
            for size, settled in zip(sizes, flushes, strict=True):
                await messages.come(*[settled] * size)
                if order.random() < 0.5:
                    shuffled.pop().set()
            for settled in shuffled:
                settled.set()
                if order.random() < 0.5:
                    await asyncio.sleep(0)
            return await messages.all_acknowledged()

    assert asyncio.run(run()) == list(range(sum(sizes)))
