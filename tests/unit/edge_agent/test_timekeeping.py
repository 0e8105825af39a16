"""What is held goes when it may, over a real outbox."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest

from edge_agent.clock import HOLD_US, Clock
from edge_agent.errors import CollectorAwayError
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.sealed import seal
from edge_agent.timekeeping import Timekeeper
from programs.clocks import SECOND, YEAR, SetClocks
from shared.losses import losses_of
from shared.quality import Quality
from shared.readings import Readings
from shared.segments import Segment, decode, readings_of, readings_table

STREAM = uuid4()


class Gateway:
    def __init__(self, path, clocks):
        self.path, self.clocks, self.clock = path, clocks, Clock(clocks)
        self.collector_off_us = None  # None: it is away
        self.asked = 0
        self.seq = 0

    async def ask(self):
        self.asked += 1
        if self.collector_off_us is None:
            raise CollectorAwayError("no route")
        theirs = (self.clocks.true_us + self.collector_off_us) // SECOND
        up = self.clocks.since_boot_us()
        self.clock.heard(datetime.fromtimestamp(theirs, UTC), sent_us=up, received_us=up)

    async def keeps(self, outbox, *, rows=3):
        """A flush of readings that came without a time."""
        moment = self.clock.flush()
        held = self.clock.trust.value == "holding"
        number = np.zeros(rows, np.int32)
        readings = Readings(
            ("A",), number, moment.now_us - np.arange(rows) * SECOND, number, number, number,
            number, np.full(rows, Quality.ARRIVAL_TIME, np.int16),
        )  # fmt: skip
        segment = Segment(STREAM, self.seq, self.seq, {"readings": readings_table(readings)})
        self.seq += 1
        boot, offset = (moment.boot, moment.dating.offset_us) if held else (None, None)
        await outbox.keep([seal(segment, boot=boot, offset_us=offset)], settled=asyncio.Event())

    def keeper(self, outbox):
        return Timekeeper(self.clock, outbox=outbox, ask=self.ask)


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path / "outbox.db", SetClocks(error_us=-3 * YEAR))


def opened(gateway):
    return open_outbox(gateway.path, max_bytes=50_000_000, spill_after=60)


async def taken(outbox):
    """Everything that may go now."""
    found = []
    for lane in Lane:
        while (parcel := await outbox.take(lane, max_bytes=10**7, max_rows=10**6)).segments:
            found += parcel.segments
            await outbox.forget(parcel.segments)
            outbox.release(parcel)
    return found


def times(segments):
    return sorted(t for s in segments for t in readings_of(decode(s.body)).time_us.tolist())


def qualities(segments):
    return {q for s in segments for q in readings_of(decode(s.body)).quality.tolist()}


@pytest.mark.parametrize("away", [True, False], ids=["on disk", "in memory"])
async def test_held_segments_go_with_true_times_once_the_clock_is_right(gateway, away):
    async with opened(gateway) as outbox:
        await outbox.collector_is(away=away)
        started_us, keeper = gateway.clocks.true_us, gateway.keeper(outbox)
        for _ in range(40):
            gateway.clocks.passes(10)
            await gateway.keeps(outbox)
        await keeper.turn()
        assert await taken(outbox) == []
        assert outbox.undated.segments == 40
        gateway.clocks.is_set_right()
        before = outbox.shelf.stock.rows + outbox.waiting.rows
        await keeper.turn()
        assert outbox.undated.segments == 0
        found = await taken(outbox)
    assert before == 120
    expected = [started_us + n * 10 * SECOND - k * SECOND for n in range(1, 41) for k in range(3)]
    assert times(found) == sorted(expected)
    assert qualities(found) == {Quality.ARRIVAL_TIME}


async def test_an_agent_that_restarts_in_the_same_boot_still_dates_rightly(gateway):
    async with opened(gateway) as outbox:
        true_us = gateway.clocks.true_us
        await gateway.keeps(outbox, rows=1)
    gateway.clocks.is_set_right()
    async with opened(gateway) as outbox:
        again = Gateway(gateway.path, gateway.clocks)
        await again.keeper(outbox).turn()
        assert times(await taken(outbox)) == [true_us]


async def test_what_an_earlier_boot_left_undated_goes_flagged(gateway):
    async with opened(gateway) as outbox:
        wrong_us = gateway.clock.wall_us(gateway.clocks.up_us)
        await gateway.keeps(outbox, rows=1)
    clocks = SetClocks(error_us=-2 * YEAR, id=b"next" * 4)
    async with opened(gateway) as outbox:
        again = Gateway(gateway.path, clocks)
        await again.keeps(outbox, rows=1)
        await again.keeper(outbox).turn()
        assert outbox.undated.segments == 1, "that of this boot may still be dated"
        found = await taken(outbox)
    assert times(found) == [wrong_us]
    assert qualities(found) == {Quality.ARRIVAL_TIME | Quality.TIME_SUSPECT}


async def test_what_was_damaged_while_it_was_held_does_not_go_as_if_it_were_whole(gateway):
    async with opened(gateway) as outbox:
        await gateway.keeps(outbox)
        await gateway.keeps(outbox)
    gateway.clocks.is_set_right()
    with closing(sqlite3.connect(gateway.path)) as file:
        file.execute(
            "UPDATE segment SET body = (SELECT body FROM segment WHERE id = 2) WHERE id = 1"
        )
        file.commit()
    async with opened(gateway) as outbox:
        await Gateway(gateway.path, gateway.clocks).keeper(outbox).turn()
        assert outbox.undated.segments == 0
        found = await taken(outbox)
    assert [one.key.first_seq for one in found if one.key.stream == STREAM] == [1]
    [loss] = [loss for one in found for loss in losses_of(decode(one.body))]
    assert (loss.stream, loss.first_seq, loss.rows) == (STREAM, 0, 3)


async def test_a_collector_that_agrees_lets_all_go_as_it_is(gateway):
    gateway.clocks.error_us = 0
    async with opened(gateway) as outbox:
        await gateway.keeps(outbox)
        gateway.collector_off_us = 0
        await gateway.keeper(outbox).turn()
        found = await taken(outbox)
    assert gateway.clock.trusted
    assert qualities(found) == {Quality.ARRIVAL_TIME}


async def test_if_nobody_sets_the_clock_all_goes_flagged_in_the_end(gateway):
    async with opened(gateway) as outbox:
        keeper = gateway.keeper(outbox)
        await gateway.keeps(outbox)
        gateway.clocks.passes(30 * 86_400)
        await keeper.turn()
        assert await taken(outbox) == []
        gateway.collector_off_us = 0
        gateway.clocks.passes(60)
        await keeper.turn()
        assert await taken(outbox) == []
        gateway.clocks.passes(HOLD_US / SECOND)
        await keeper.turn()
        found = await taken(outbox)
        assert len(found) == 1
        assert qualities(found) == {Quality.ARRIVAL_TIME | Quality.TIME_SUSPECT}


async def test_the_collector_is_asked_now_and_then_and_not_once_the_clock_is_right(gateway):
    async with opened(gateway) as outbox:
        keeper = gateway.keeper(outbox)
        for _ in range(100):
            gateway.clocks.passes(1)
            await keeper.turn()
        assert 5 <= gateway.asked <= 11
        gateway.clocks.is_set_right()
        await keeper.turn()
        asked = gateway.asked
        gateway.clocks.passes(100)
        await keeper.turn()
        assert gateway.asked == asked


async def test_watching_a_clock_writes_nothing(gateway):
    async with opened(gateway) as outbox:
        await gateway.keeps(outbox)
        log = gateway.path.with_name("outbox.db-wal")
        before = log.stat().st_size
        keeper = gateway.keeper(outbox)
        for _ in range(10):
            gateway.clocks.passes(1)
            await keeper.turn()
        assert log.stat().st_size == before


async def test_what_is_held_does_not_go_because_the_collector_asks_for_its_time_again(gateway):
    async with opened(gateway) as outbox:
        await gateway.keeps(outbox)
        found = await outbox.shelf.requested.add(outbox._file, from_us=0, to_us=2**62)
        assert found.segments == 0
        assert await taken(outbox) == []
