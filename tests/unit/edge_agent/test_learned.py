"""What was learned is written at once, the day so far now and then, and a full disk is no end."""

import asyncio

import pytest

from edge_agent.errors import OutboxFullError
from edge_agent.learned import TODAY_SECONDS, Learned


class Book:
    """Pages that change when told to."""

    def __init__(self):
        self.today_values = 10
        self.learned = False
        self.asked_again = 0

    def take(self):
        pages = {"today": b"t"} | ({"baseline": b"b"} if self.learned else {})
        self.learned = False
        return lambda: pages

    def again(self):
        self.asked_again += 1
        self.learned = True


class Keeper:
    """Readings so far, and what was written."""

    def __init__(self):
        self.book, self.readings, self.written, self.full = Book(), 0, [], False
        self.learned = Learned(self.book, remember=self.remember, readings=lambda: self.readings)
        self.begin = self.learned._saved_at

    async def remember(self, pages):
        if self.full:
            raise OutboxFullError("full")
        self.written.append(sorted(pages))

    async def turn(self, seconds):
        await self.learned.turn(self.begin + seconds)


@pytest.fixture
def keeper():
    return Keeper()


async def test_a_day_that_was_learned_from_is_written_at_once(keeper):
    keeper.book.learned = True
    await keeper.turn(1)
    await keeper.turn(2)
    assert keeper.written == [["baseline", "today"]]


async def test_the_day_so_far_is_written_rarely_and_only_if_enough_readings_pay_for_it(keeper):
    await keeper.turn(10 * TODAY_SECONDS)
    keeper.readings = 10_000
    await keeper.turn(TODAY_SECONDS - 1)
    assert keeper.written == []
    await keeper.turn(TODAY_SECONDS + 1)
    await keeper.turn(2 * TODAY_SECONDS + 2)
    assert keeper.written == [["today"]]
    keeper.readings = 20_000
    await keeper.turn(2 * TODAY_SECONDS + 2)
    assert keeper.written == [["today"]] * 2


async def test_what_a_full_disk_did_not_take_is_written_later_and_said_once(keeper, caplog):
    keeper.book.learned, keeper.full = True, True
    for seconds in (1, 2, 3):
        await keeper.turn(seconds)
    assert keeper.book.asked_again == 3
    assert len(caplog.records) == 1
    keeper.full = False
    await keeper.turn(4)
    assert keeper.written == [["baseline", "today"]]


async def test_pages_are_made_beside_the_loop(keeper):
    entered, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def made():
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(60)
        return {"today": b"t"}

    keeper.book.take = lambda: made
    saving = asyncio.create_task(keeper.learned.save(keeper.begin))
    await entered.wait()
    assert keeper.written == []
    leave.set()
    await saving
    assert keeper.written == [["today"]]
