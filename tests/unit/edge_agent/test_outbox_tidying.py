"""What the outbox does with what waits: merge, thin, give up, and declare what it gave up."""

import asyncio
import itertools
import os
import sqlite3
from contextlib import closing
from uuid import uuid4

import numpy as np
import pytest

from edge_agent.lane import Lane
from edge_agent.outbox import Limits, open_outbox
from edge_agent.outbox.file import Space, read_file
from edge_agent.outbox.limits import is_nearly_empty
from edge_agent.outbox.stats import stats
from edge_agent.sealed import Key, Kind, Sealed, seal
from shared.losses import Loss, LossReason, losses_of, losses_table
from shared.readings import Readings
from shared.segments import Segment, decode, readings_of, readings_table

STREAM = uuid4()
START_US = 1_780_000_020_000_000 // 60_000_000 * 60_000_000
DAY = 86_400.0
DATED = "UPDATE segment SET boot = NULL"  # before that it is not handed out
RAW = {"max_bytes": 50_000_000, "spill_after": 60.0}


def sealed(seq, *, stream=STREAM, seconds=10, panels=20, apart=10):
    """Make a flush of so many seconds at 1 Hz; flushes are so many seconds apart."""
    random = np.random.default_rng(seq)
    count = seconds * panels
    time_us = START_US + (seq * apart + np.repeat(np.arange(seconds), panels)) * 1_000_000
    values = random.integers(0, 10**8, (4, count)).astype(np.int32)
    readings = Readings(
        tuple(f"P-{number}" for number in range(panels)),
        np.tile(np.arange(panels, dtype=np.int32), seconds), time_us, *values,
        np.zeros(count, np.int16),
    )  # fmt: skip
    return seal(Segment(stream, seq, seq, {"readings": readings_table(readings)}))


def urgent(seq, *, stream=STREAM, rows=5):
    loss = Loss(stream=STREAM, first_seq=900 + seq, last_seq=900 + seq, rows=rows, from_us=1,
                to_us=2, reason=LossReason.DAMAGED, declared_us=3)  # fmt: skip
    return seal(Segment(stream, seq, seq, {"losses": losses_table([loss])}))


@pytest.fixture
def opened(tmp_path):
    return lambda **options: open_outbox(tmp_path / "outbox.db", **(RAW | options))


async def keep(outbox, *segments):
    settled = asyncio.Event()
    await outbox.keep(segments, settled=settled)
    return settled.is_set()


def change(folder, sql):
    """Change the file beside the outbox that has it open."""
    with closing(sqlite3.connect(folder / "outbox.db")) as file:
        file.execute(sql)
        file.commit()


async def tidied(outbox, **options):
    while await outbox.tidier.tidy(full=False, **options):
        pass


async def everything(outbox):
    """Take all there is, urgent ones first, and forget it."""
    found = []
    while outbox.shelf.stock.segments:
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=10**9, max_rows=10**6)
        found += parcel.segments
        await outbox.forget(parcel.segments)
        outbox.release(parcel)
    return sorted(found, key=lambda one: (one.kind, one.key))


def rows_of(segments):
    """Return every reading, as tuples."""
    whole = []
    for one in segments:
        readings = readings_of(decode(one.body))
        if readings is not None:
            panels = [readings.panel_ids[at] for at in readings.panel.tolist()]
            whole += zip(panels, readings.time_us.tolist(), readings.power_mw.tolist(), strict=True)
    return sorted(whole)


async def test_neighbours_become_segments_of_minutes_and_nothing_of_them_changes(opened):
    flushes = [sealed(seq) for seq in range(70)]
    async with opened() as outbox:
        for one in flushes:
            await keep(outbox, one)
        rows = outbox.shelf.stock.rows
        await tidied(outbox)
        assert outbox.shelf.stock.rows == rows
        assert outbox.shelf.stock.segments < 15
        found = await everything(outbox)
    assert rows_of(found) == rows_of(flushes)
    ranges = [(one.key.first_seq, one.last_seq) for one in found]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 69
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(ranges))


async def test_new_segments_are_merged_although_ids_are_given_out_again(opened):
    async with opened() as outbox:
        for seq in range(200):
            await keep(outbox, sealed(seq))
            await tidied(outbox)
        assert outbox.shelf.stock.segments <= 200 // 30 + 31
        assert outbox.tidier.merger.merged >= 150


async def test_what_is_being_sent_is_neither_merged_nor_thinned_nor_given_up(opened):
    async with opened() as outbox:
        for seq in range(70):
            await keep(outbox, sealed(seq))
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=5_000, max_rows=10**6)
        keys = {one.key for one in parcel.segments}
        await tidied(outbox)
        shedder = outbox.tidier.shedder
        while await shedder.thin(size_bytes=10**9, now_us=1):
            pass
        while await shedder.evict(size_bytes=10**9, reason=LossReason.OVER_SIZE, now_us=1):
            pass
        assert outbox.shelf.stock.segments - outbox.shelf.stock.urgent_segments == len(keys)
        outbox.release(parcel)
        again = await outbox.take(Lane.BACKLOG, max_bytes=10**9, max_rows=10**6)
        left = [one for one in again.segments if one.kind == Kind.BULK]
        assert left == list(parcel.segments)


async def test_another_stream_a_gap_or_an_untrusted_clock_is_not_merged(opened, tmp_path):
    other = uuid4()
    async with opened() as outbox:
        await keep(outbox, sealed(0), sealed(2), sealed(3, stream=other))
        for seq in range(4, 80):
            await keep(outbox, sealed(seq, stream=other))
        change(tmp_path, "UPDATE segment SET boot = x'01' WHERE id = 4")
        await tidied(outbox)
        change(tmp_path, DATED)
        found = await everything(outbox)
    firsts = [one for one in found if one.key.stream == STREAM or one.key.first_seq in {3, 4}]
    assert all(one.key.first_seq == one.last_seq for one in firsts)
    assert len(firsts) == 4
    assert len(found) < 20


async def test_a_damaged_segment_is_passed_over_by_the_merger(opened, tmp_path):
    async with opened() as outbox:
        for seq in range(70):
            await keep(outbox, sealed(seq))
        with closing(sqlite3.connect(tmp_path / "outbox.db")) as file:
            file.execute("UPDATE segment SET body = zeroblob(100) WHERE id = 3")
            file.commit()
        await tidied(outbox)
        assert outbox.shelf.totals.merged_through > 0


async def test_a_full_outbox_thins_first_and_says_what_is_gone(opened):
    flushes = [sealed(seq, panels=50) for seq in range(120)]
    async with opened(max_bytes=8_000_000, limits=Limits(max_bytes=1_000_000)) as outbox:
        for one in flushes:
            assert await keep(outbox, one)
            await tidied(outbox)
        space = await outbox._file.space()
        assert space.used_bytes <= 750_000
        assert set(outbox.shelf.totals.lost) == {"thinned"}
        found = await everything(outbox)
    losses = [loss for one in found for loss in losses_of(decode(one.body))]
    kept = sum(one.readings for one in found)
    assert sum(loss.rows for loss in losses) + kept == 120 * 500
    seqs = [seq for one in found if one.kind == Kind.BULK
            for seq in range(one.key.first_seq, one.last_seq + 1)]  # fmt: skip
    assert sorted(seqs) == list(range(120)), "every range still arrives"
    assert {loss.reason for loss in losses} == {LossReason.THINNED}
    bulk = [one for one in found if one.kind == Kind.BULK]
    whole = [one.readings == 500 * (one.last_seq - one.key.first_seq + 1) for one in bulk]
    assert whole == sorted(whole), "the oldest first"
    assert set(whole) == {True, False}, "and no more than it takes"


async def test_what_is_still_too_much_goes_oldest_first_and_urgent_ones_stay(opened):
    async with opened(max_bytes=8_000_000, limits=Limits(max_bytes=400_000)) as outbox:
        await keep(outbox, urgent(0))
        for seq in range(1, 121):
            await keep(outbox, sealed(seq, panels=1_000, seconds=1, apart=60))
            await tidied(outbox)
        lost = outbox.shelf.totals.lost
        assert list(lost) == ["over_size"], "there is one reading a minute: nothing to thin"
        found = await everything(outbox)
    losses = [loss for one in found for loss in losses_of(decode(one.body))]
    assert any(loss.reason == LossReason.DAMAGED for loss in losses), "the declared one is there"
    gone = [loss for loss in losses if loss.reason == LossReason.OVER_SIZE]
    seqs = {seq for loss in gone for seq in range(loss.first_seq, loss.last_seq + 1)}
    left = {seq for one in found if one.kind == Kind.BULK
            for seq in range(one.key.first_seq, one.last_seq + 1)}  # fmt: skip
    assert seqs | left == set(range(1, 121))
    assert not seqs & left
    assert max(seqs) < min(left)
    assert sum(loss.rows for loss in gone) == lost["over_size"]
    assert sum(one.readings for one in found) + lost["over_size"] == 120 * 1_000


async def test_losses_are_counted_ever(opened):
    async with opened() as outbox:
        await keep(outbox, sealed(0))
        await outbox.tidier.shedder.evict(size_bytes=1, reason=LossReason.OVER_AGE, now_us=1)
    async with opened() as outbox:
        assert outbox.shelf.totals.lost == {"over_age": 200}
        assert outbox.shelf.stock.urgent_segments == 1


async def test_declared_losses_that_pile_up_become_few_and_say_the_same(opened):
    async with opened() as outbox:
        for seq in range(150):
            await keep(outbox, sealed(seq, panels=2))
            await outbox.tidier.shedder.evict(size_bytes=1, reason=LossReason.OVER_SIZE, now_us=1)
        await tidied(outbox)
        assert outbox.shelf.stock.urgent_segments < 10
        found = await everything(outbox)
    losses = [loss for one in found for loss in losses_of(decode(one.body))]
    assert sum(loss.rows for loss in losses) == 150 * 20
    assert (found[0].key.first_seq, found[0].last_seq) == (0, 149)


async def test_what_is_too_old_goes_unless_the_clock_cannot_tell(opened, tmp_path):
    right = [False]
    limits = Limits(max_bytes=50_000_000, max_days=2, clock_is_right=lambda: right[0])
    async with opened(limits=limits) as outbox:
        await keep(outbox, sealed(0))
        await keep(outbox, sealed(1))
        change(tmp_path, "UPDATE segment SET boot = x'01' WHERE id = 2")
        in_a_year = START_US / 1e6 + 365 * DAY + 10**9
        await tidied(outbox, now=lambda: in_a_year)
        assert outbox.shelf.totals.lost == {}
        right[0] = True
        await tidied(outbox, now=lambda: in_a_year)
        assert outbox.shelf.totals.lost == {"over_age": 200}
        change(tmp_path, DATED)
        [left] = [one for one in await everything(outbox) if one.kind == Kind.BULK]
        assert left.key.first_seq == 1


async def test_set_aside_goes_before_urgent_and_their_losses_are_carried_on(opened):
    async with opened() as outbox:
        await keep(outbox, sealed(0), urgent(1), urgent(2))
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=1, max_rows=10**6)
        [first] = parcel.segments
        await outbox.set_aside(first, reason="odd")
        outbox.release(parcel)
        evict = outbox.tidier.shedder.evict
        size_bytes, reason = 10**6, LossReason.OVER_SIZE
        while await evict(size_bytes=size_bytes, reason=reason, now_us=1):
            pass
        assert outbox.shelf.set_aside_segments == 0
        found = await everything(outbox)
    losses = [loss for one in found for loss in losses_of(decode(one.body))]
    told = {(loss.first_seq, loss.last_seq, loss.rows, loss.reason) for loss in losses}
    assert (901, 902, 10, LossReason.DAMAGED) in told
    assert any(loss.first_seq == first.key.first_seq for loss in losses)


async def test_totals_are_right_after_a_crash_between_a_put_and_anything_else(opened, tmp_path):
    async with opened() as outbox:
        for seq in range(5):
            await keep(outbox, sealed(seq))
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=1, max_rows=10**6)
        await outbox.forget(parcel.segments)
        outbox.release(parcel)
        for seq in range(5, 8):
            await keep(outbox, sealed(seq), urgent(100 + seq))
        expected = outbox.shelf.stock
        copy = tmp_path / "copy.db"
        with (
            closing(sqlite3.connect(tmp_path / "outbox.db")) as file,
            closing(sqlite3.connect(copy)) as target,
        ):
            file.backup(target)
    async with open_outbox(copy, **RAW) as outbox:
        assert outbox.shelf.stock == expected
        assert (expected.segments, expected.urgent_segments) == (10, 3)
        await outbox.shelf.load()
        assert outbox.shelf.stock == expected


async def test_a_file_without_totals_is_counted_anew(opened, tmp_path):
    async with opened() as outbox:
        for seq in range(3):
            await keep(outbox, sealed(seq))
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=1, max_rows=10**6)
        await outbox.set_aside(parcel.segments[0], reason="odd")
        outbox.release(parcel)
        expected, aside = outbox.shelf.stock, outbox.shelf.totals.set_aside
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as file:
        assert file.execute("DELETE FROM state WHERE name = 'totals'").rowcount == 1
        file.commit()
    async with opened() as outbox:
        assert outbox.shelf.stock == expected
        assert outbox.shelf.totals.set_aside == aside


async def test_segments_added_by_another_program_do_not_clash_with_ours(opened, tmp_path):
    async with opened() as outbox:
        await keep(outbox, sealed(0))
        with closing(sqlite3.connect(tmp_path / "outbox.db")) as file:
            file.execute(
                "INSERT INTO segment SELECT 2, kind, stream, 77, 77, rows, readings, from_us, "
                "to_us, created_us, thinned, boot, offset_us, checksum, body FROM segment"
            )
            file.commit()
        assert await keep(outbox, sealed(1))
        await outbox.shelf.load()
        assert outbox.shelf.stock.segments == 3


@pytest.mark.parametrize(
    ("used", "size", "free", "full", "expected"),
    [
        (70, 80, 50, False, None),
        (76, 80, 50, False, ("over_size", 71)),
        (70, 80, 5, False, ("disk_full", 57)),
        (59, 80, 5, False, None),
        (3, 80, 5, False, None),
        (30, 30, 50, True, ("disk_full", 28)),
        (3, 3, 50, True, None),
    ],
)
def test_limits_say_how_much_is_too_much(used, size, free, full, expected):
    limits = Limits(max_bytes=100_000_000, min_free_bytes=10_000_000)
    space = Space(size * 1_000_000, used * 1_000_000)
    found = limits.excess(space, free_bytes=free * 1_000_000, full=full)
    assert expected == (found and (found.reason, found.down_to_bytes // 1_000_000))


async def test_disk_space_is_given_back_after_a_drain(opened, tmp_path):
    assert not is_nearly_empty(Space(10_000_000, 1_000))
    async with opened(max_bytes=200_000_000) as outbox:
        for seq in range(9):
            body = os.urandom(8_000_000)
            assert await keep(outbox, Sealed(Key(STREAM, seq), seq, Kind.BULK, 1, 1, 0, 0, body))
        assert (await outbox._file.space()).file_bytes > 70_000_000
        await everything(outbox)
        await tidied(outbox)
        assert (await outbox._file.space()).file_bytes < 1_000_000
        assert (tmp_path / "outbox.db").stat().st_size < 1_000_000


async def test_stats_are_there_beside_a_running_agent(opened, tmp_path):
    async with opened() as outbox:
        await keep(outbox, sealed(0), urgent(1))
        async with read_file(tmp_path / "outbox.db") as file:
            found = await stats(file)
        assert (found.bulk.rows, found.urgent.segments, found.set_aside.segments) == (200, 1, 0)
        assert found.oldest_us == outbox.shelf.stock.oldest_us
        assert 0 < found.used_bytes <= found.file_bytes
        assert found.log_bytes > 0


async def test_a_put_that_found_no_room_is_safe_as_soon_as_something_was_given_up(opened):
    async with opened(max_bytes=8_000_000, limits=Limits(max_bytes=400_000)) as outbox:
        events = []
        for seq in range(30):
            settled = asyncio.Event()
            await outbox.keep([sealed(seq, panels=1_000, seconds=1, apart=60)], settled=settled)
            events.append(settled)
        assert outbox.full
        assert not events[-1].is_set()
        tidying = asyncio.create_task(outbox.tidy())
        async with asyncio.timeout(20):
            await events[-1].wait()
        tidying.cancel()
        assert not outbox.full
        assert outbox.shelf.totals.lost["over_size"] > 0
        assert outbox.shelf.totals.bulk.segments > 5, "no more is given up than it takes"
