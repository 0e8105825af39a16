"""Replaying and discarding beside an open outbox, over real SQLite files."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from edge_agent.entries import KEPT_BYTES, Entry
from edge_agent.errors import OutboxError
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.outbox.by_hand import Choice, discard, replay
from edge_agent.outbox.opening import change_file
from edge_agent.receipts import Rejection
from edge_agent.sealed import Kind, seal
from edge_agent.verdicts import verdicts
from shared.losses import LossReason, losses_of
from shared.segments import Segment, decode

MAX_BYTES = 50_000_000
STREAM = UUID(int=1)
HOUR_US = 3_600_000_000


def weather(seq, *, rows=2):
    column = np.arange(rows, dtype=np.int32)
    table = {
        "time_us": seq * HOUR_US + column.astype(np.int64),
        "irradiance_mw_m2": column,
        "ambient_mc": column,
        "wind_mm_s": column,
    }
    return seal(Segment(STREAM, seq, seq, {"weather": table}))


def entry(number=0, *, tier="malformed", payload=b"{}", cut=0, reason="wrong", topic="a/b"):
    return Entry(
        tier=tier,
        reason=reason,
        topic=topic,
        payload=payload,
        payload_bytes=len(payload) + cut,
        readings=1,
        received_us=number,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.db"


@pytest.fixture
def opened(path):
    return lambda: open_outbox(path, max_bytes=MAX_BYTES, spill_after=60.0)


@pytest.fixture
def order(path):
    async def run(what, *, entries=(), segments=(), **choice):
        async with change_file(path, max_bytes=MAX_BYTES) as file:
            return await what(file, choice=Choice(entries=entries, segments=segments, **choice))

    return run


async def keep(outbox, *segments):
    await outbox.keep(segments, settled=asyncio.Event())


async def refuse_all(outbox, *, reason="refused"):
    parcel = await outbox.take(Lane.BACKLOG, max_bytes=10**7, max_rows=10**6)
    parcel = (
        parcel if parcel.segments else await outbox.take(Lane.LIVE, max_bytes=10**7, max_rows=10**6)
    )
    for one in parcel.segments:
        await outbox.set_aside(one, reason=reason)
    outbox.release(parcel)


async def taken(outbox):
    return (await outbox.take(Lane.BACKLOG, max_bytes=10**7, max_rows=10**6)).segments


async def test_a_replayed_message_waits_as_it_came_until_it_is_done(opened, order):
    async with opened() as outbox:
        await outbox.quarantine.put([entry(7, payload=b"\xff{"), entry(8)])
        done = await order(replay, entries=(1,))
        assert (done.entries, done.segments, done.rows) == (1, 0, 1)
        assert await outbox.noticed_change()
        assert outbox.quarantine.entries == 1
        [waiting] = await outbox.quarantine.replays.next()
        assert (waiting.message.topic, waiting.message.payload) == ("a/b", b"\xff{")
        assert round(waiting.message.received_at * 1e6) == 7
    async with opened() as outbox:
        await outbox.quarantine.replays.done(await outbox.quarantine.replays.next())
        assert await outbox.quarantine.replays.next() == []


async def test_an_order_is_carried_out_though_the_agent_has_just_written(opened, path):
    async with opened() as outbox:
        await outbox.quarantine.put([entry()])
        async with change_file(path, max_bytes=MAX_BYTES) as file:
            await outbox.quarantine.put([entry()])
            done = await replay(file, choice=Choice(entries=(1,)))
    assert done.entries == 1


async def test_a_change_of_ours_is_no_change_of_others(opened):
    async with opened() as outbox:
        await outbox.quarantine.put([entry()])
        assert not await outbox.noticed_change()


async def test_a_refused_segment_goes_back_as_it_was_and_is_counted(opened, order):
    segments = [weather(0), weather(1, rows=3)]
    async with opened() as outbox:
        await keep(outbox, *segments)
        before = outbox.shelf.stock
        await refuse_all(outbox)
        assert outbox.shelf.stock.segments == 0
        done = await order(replay, segments=(1, 2))
        assert (done.entries, done.segments, done.rows) == (0, 2, 5)
        assert await outbox.noticed_change()
        assert outbox.shelf.set_aside_segments == 0
        assert (outbox.shelf.stock.segments, outbox.shelf.stock.rows) == (2, 5)
        assert outbox.shelf.stock.size_bytes == before.size_bytes
        assert await taken(outbox) == tuple(segments)


async def test_whoever_waits_for_something_to_take_is_woken_by_what_comes_back(opened, order):
    async with opened() as outbox:
        await keep(outbox, weather(0))
        await refuse_all(outbox)
        outbox.changed.clear()
        await order(replay, everything=True)
        assert await outbox.noticed_change()
        assert outbox.changed.is_set()


async def test_a_segment_refused_out_of_memory_is_set_aside_whole(opened, order):
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        await keep(outbox, weather(0))
        await refuse_all(outbox)
        assert (outbox.shelf.stock.segments, len(outbox.waiting)) == (0, 0)
        await order(replay, segments=(1,))
        await outbox.noticed_change()
        assert await taken(outbox) == (weather(0),)


async def test_a_discarded_segment_leaves_a_declared_loss_of_its_range(opened, order):
    async with opened() as outbox:
        await keep(outbox, weather(0), weather(5, rows=3))
        await refuse_all(outbox)
        done = await order(discard, segments=(2,))
        assert (done.segments, done.rows) == (1, 3)
        await outbox.noticed_change()
        assert (outbox.shelf.set_aside_segments, outbox.shelf.stock.segments) == (1, 1)
        [sealed] = await taken(outbox)
        [loss] = losses_of(decode(sealed.body))
    assert sealed.kind is Kind.URGENT
    assert (loss.stream, loss.first_seq, loss.last_seq, loss.rows) == (STREAM, 5, 5, 3)
    assert (loss.from_us, loss.to_us) == (5 * HOUR_US, 5 * HOUR_US + 2)
    assert loss.reason is LossReason.DISCARDED


async def test_discarded_entries_are_gone_and_counted(opened, order, path):
    async with opened() as outbox:
        await outbox.quarantine.put([entry(number) for number in range(3)])
        assert (await order(discard, entries=(1, 3))).entries == 2
        await outbox.noticed_change()
        assert outbox.quarantine.entries == 1
        await order(discard, everything=True)
    with closing(sqlite3.connect(path)) as file:
        query = "SELECT value FROM state WHERE name = 'quarantine_discarded'"
        assert file.execute(query).fetchone() == (3,)
        assert file.execute("SELECT count(*) FROM segment").fetchone() == (0,)


async def test_rejected_rows_are_sent_again_in_segments_of_their_own(opened, order):
    rejections = [Rejection(at, "time_us is 1, in the future", "weather") for at in (0, 2)]
    now = datetime(2026, 6, 1, tzinfo=UTC)
    async with opened() as outbox:
        rejected = verdicts(weather(3, rows=4), rejections=rejections, now=now)
        await outbox.quarantine.put(rejected.entries)
        done = await order(replay, entries=(1,))
        assert (done.entries, done.rows) == (1, 2)
        await outbox.noticed_change()
        assert (outbox.quarantine.entries, outbox.shelf.stock.rows) == (0, 2)
        [sealed] = await taken(outbox)
    segment = decode(sealed.body)
    assert segment.stream != STREAM
    assert segment.tables["weather"]["time_us"].tolist() == [3 * HOUR_US, 3 * HOUR_US + 2]


async def test_what_is_kept_in_part_is_refused_by_name_and_left_out_of_all(opened, order):
    cut = entry(1, payload=b"x" * KEPT_BYTES, cut=1)
    torn = entry(2, tier="rejected", topic="table weather", payload=b'{"time_us": 1}')
    async with opened() as outbox:
        await outbox.quarantine.put([entry(), cut, torn])
        with pytest.raises(OutboxError, match="2 cannot be replayed: only 65536 of its 65537"):
            await order(replay, entries=(1, 2))
        with pytest.raises(OutboxError, match="3 cannot be replayed: rows are not those of table"):
            await order(replay, entries=(3,))
        assert await outbox.quarantine.replays.next() == []
        done = await order(replay, everything=True)
        assert (done.entries, len(done.skipped)) == (1, 2)
        assert len(await outbox.quarantine.replays.next()) == 1


async def test_all_can_be_narrowed_to_a_reason(opened, order):
    async with opened() as outbox:
        await outbox.quarantine.put([entry(1, reason="in the future"), entry(2, reason="no JSON")])
        await keep(outbox, weather(0), weather(1))
        await refuse_all(outbox, reason="too far in the future")
        done = await order(replay, everything=True, containing="the future")
        assert (done.entries, done.segments) == (1, 2)


@pytest.mark.parametrize("ids", [{"entries": (1, 9)}, {"segments": (9,)}], ids=["entry", "segment"])
@pytest.mark.parametrize("what", [replay, discard])
async def test_an_id_that_is_not_there_changes_nothing(opened, order, what, ids):
    async with opened() as outbox:
        await outbox.quarantine.put([entry()])
        with pytest.raises(OutboxError, match=r"with id s?9; `edge-agent quarantine list`"):
            await order(what, **ids)
        await outbox.quarantine.load()
        assert outbox.quarantine.entries == 1


async def test_orders_hold_without_a_running_agent_and_count_at_its_start(opened, order):
    async with opened() as outbox:
        await keep(outbox, weather(0))
        await refuse_all(outbox)
    await order(replay, everything=True)
    async with opened() as outbox:
        assert (outbox.shelf.stock.segments, outbox.shelf.set_aside_segments) == (1, 0)
        assert await taken(outbox) == (weather(0),)


async def test_a_file_of_another_version_is_left_to_the_agent(path, order):
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 1")
    with pytest.raises(OutboxError, match="brings it up to date when it starts"):
        await order(replay, everything=True)
    path.unlink()
    with pytest.raises(OutboxError, match="there is no outbox"):
        await order(replay, everything=True)


@pytest.fixture
def damage(path):
    def flip(seq):
        with closing(sqlite3.connect(path)) as file:
            query = "SELECT id, body FROM segment WHERE first_seq = ?"
            [(id_, body)] = file.execute(query, (seq,)).fetchall()
            flipped = body[:-1] + bytes([body[-1] ^ 1])
            file.execute("UPDATE segment SET body = ? WHERE id = ?", (flipped, id_))
            file.commit()

    return flip


async def test_a_body_that_changed_on_disk_is_not_sent_but_set_aside_and_declared(
    opened, order, damage
):
    async with opened() as outbox:
        await keep(outbox, weather(0), weather(1, rows=3), weather(2))
        damage(1)
        sent = await taken(outbox)
        assert [one.key.first_seq for one in sent] == [0, 2]
        await outbox.forget(sent)
        assert outbox.shelf.set_aside_segments == 1
        assert outbox.changed.is_set()
        [sealed] = await taken(outbox)
        [loss] = losses_of(decode(sealed.body))
        assert (loss.stream, loss.first_seq, loss.rows) == (STREAM, 1, 3)
        assert loss.reason is LossReason.DAMAGED
        with pytest.raises(OutboxError, match="s1 cannot be replayed: it is damaged"):
            await order(replay, segments=(1,))
        await order(discard, segments=(1,))
        await outbox.noticed_change()
        assert (outbox.shelf.set_aside_segments, outbox.shelf.stock.segments) == (0, 1)


async def test_a_line_of_nothing_but_damaged_segments_does_not_stand_still(opened, damage):
    async with opened() as outbox:
        await keep(outbox, weather(0))
        damage(0)
        assert await taken(outbox) == ()
        [sealed] = await taken(outbox)
        assert losses_of(decode(sealed.body))


async def test_a_requested_range_goes_first_whatever_the_order_and_is_counted(opened):
    async with opened() as outbox:
        await keep(outbox, *map(weather, range(6)))
        assert await outbox.put_first(3 * HOUR_US, 5 * HOUR_US) == (2, 4)
        assert await outbox.put_first(90 * HOUR_US, 91 * HOUR_US) == (0, 0)
        assert [one.key.first_seq for one in await taken(outbox)] == [3, 4, 0, 1, 2, 5]


async def test_what_was_refused_is_sent_again_when_it_is_requested(opened, damage):
    async with opened() as outbox:
        await keep(outbox, *map(weather, range(3)))
        damage(1)
        await refuse_all(outbox)
        assert outbox.shelf.set_aside_segments == 3
        await keep(outbox, weather(7))
        assert await outbox.put_first(0, 3 * HOUR_US) == (2, 4)
        assert outbox.shelf.set_aside_segments == 1
        sent = await taken(outbox)
        assert [one.key.first_seq for one in sent if one.kind is Kind.BULK] == [0, 2, 7]


async def test_a_request_of_long_ago_does_not_hold_up_the_others(opened):
    async with opened() as outbox:
        await keep(outbox, weather(0), weather(1))
        await outbox.put_first(0, HOUR_US)
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=10**7, max_rows=10**6)
        await outbox.forget(parcel.segments)
        outbox.release(parcel)
        await keep(outbox, weather(2))
        assert [one.key.first_seq for one in await taken(outbox)] == [2]


def test_lines_of_the_quarantine_are_json():
    rejection = Rejection(1, "wrong", "weather")
    [one], _ = verdicts(weather(0), rejections=[rejection], now=datetime.now(UTC))
    assert json.loads(one.payload)["irradiance_mw_m2"] == 1
