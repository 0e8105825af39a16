import asyncio

from edge_agent.intake import MAX_UNACKNOWLEDGED, Intake, Message

MESSAGE = Message("t", b"12345", 0.0)


async def test_a_batch_ends_when_it_is_full_whatever_the_linger():
    intake = Intake(max_messages=3)
    for _ in range(3):
        intake.take(MESSAGE, True)
    async with asyncio.timeout(5):
        batch = await intake.next(linger=3600, patience=3600)
    assert (len(batch.messages), batch.size_bytes) == (3, 15)


async def test_a_batch_ends_when_it_is_large():
    intake = Intake(max_messages=1000, max_bytes=10)
    intake.take(MESSAGE, True)
    intake.take(MESSAGE, True)
    async with asyncio.timeout(5):
        assert len((await intake.next(linger=3600, patience=3600)).messages) == 2


async def test_settling_an_empty_batch_settles_nothing_that_comes_later():
    intake = Intake(max_messages=10)
    empty = await intake.next(linger=0, patience=0.001)
    empty.settled.set()
    assert not intake.take(MESSAGE, True).is_set()


async def test_after_closing_the_rest_is_handed_out_and_nothing_more_taken():
    intake = Intake(max_messages=10)
    intake.take(MESSAGE, True)
    intake.close()
    intake.take(MESSAGE, True)
    assert len((await intake.next(linger=3600, patience=3600)).messages) == 1
    assert await intake.next(linger=3600, patience=3600) is None


async def test_unacknowledged_messages_are_bounded_and_counted():
    intake = Intake(max_messages=10)
    for _ in range(MAX_UNACKNOWLEDGED + 5):
        intake.take(MESSAGE, False)
    assert (intake.received, intake.dropped) == (MAX_UNACKNOWLEDGED, 5)


async def test_unacknowledged_messages_are_bounded_in_bytes_and_acknowledged_ones_are_not():
    intake = Intake(max_messages=10)
    large = Message("t", bytes(6_000_000), 0.0)
    for _ in range(4):
        intake.take(large, False)
    assert (intake.received, intake.dropped) == (2, 2)
    intake.take(large, True)
    assert (intake.received, intake.dropped) == (3, 2)


async def test_a_batch_that_gathers_ends_when_it_is_hurried():
    intake = Intake(max_messages=10)
    intake.take(Message("t", b"x", 0.0), True)
    asyncio.get_running_loop().call_soon(intake.hurry)
    async with asyncio.timeout(5):
        batch = await intake.next(linger=3_600, patience=1)
    assert len(batch.messages) == 1
