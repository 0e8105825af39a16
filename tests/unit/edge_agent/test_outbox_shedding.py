"""What the outbox gives up when it holds too much, and how it declares that."""

import asyncio
import os

import pytest

from edge_agent.lane import Lane
from edge_agent.outbox import Limits
from edge_agent.outbox.file import Space
from edge_agent.sealed import Key, Kind, Sealed
from shared.losses import LossReason, losses_of
from shared.segments import decode
from unit.edge_agent.flushes import (
    DATED,
    DAY,
    START_US,
    STREAM,
    change,
    everything,
    keep,
    sealed,
    tidied,
    urgent,
)


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


async def test_over_the_limits_the_oldest_set_aside_go_and_those_declared_before_are_not_again(
    opened, tmp_path
):
    async with opened(limits=Limits(max_bytes=8_000_000)) as outbox:
        for seq in range(4):
            body = os.urandom(1_500_000)
            one = Sealed(Key(STREAM, seq), seq, Kind.BULK, 10, 0, 0, 0, body)
            await outbox.set_aside(one, reason="odd")
        change(tmp_path, "UPDATE set_aside SET lost = 1 WHERE id = 1")
        await tidied(outbox, now=lambda: 10.0)
        assert (await outbox._file.space()).used_bytes < 6_000_000
        assert outbox.shelf.set_aside_segments == 3
        assert outbox.shelf.totals.lost == {}
        await outbox.set_aside(one._replace(key=Key(STREAM, 4), last_seq=4), reason="odd")
        await tidied(outbox, now=lambda: 10.0)
        assert outbox.shelf.totals.lost == {"over_size": 10}
        assert outbox.shelf.set_aside_segments == 3
        [declared] = await everything(outbox)
    [loss] = losses_of(decode(declared.body))
    assert (loss.stream, loss.first_seq, loss.rows) == (STREAM, 1, 10)
    assert loss.from_us > 0, "it has no times: then it counts when it came"


@pytest.mark.parametrize(
    ("used", "size", "free", "full", "expected"),
    [
        (70, 80, 50, False, None),
        (76, 80, 50, False, ("over_size", 66)),
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
