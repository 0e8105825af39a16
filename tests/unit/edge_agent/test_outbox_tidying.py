"""What the outbox does with what waits: merge it, count it, give disk space back."""

import itertools
import os
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest
from msgspec.structs import replace

from edge_agent.lane import Lane
from edge_agent.outbox import MERGED_BYTES, Limits, open_outbox
from edge_agent.outbox.declared import coalesced
from edge_agent.outbox.file import Space
from edge_agent.outbox.limits import is_nearly_empty
from edge_agent.pacer import segment_bytes
from edge_agent.sealed import Key, Kind, Sealed
from shared.losses import Loss, LossReason, losses_of
from shared.segments import decode
from unit.edge_agent.flushes import (
    DATED,
    RAW,
    STREAM,
    change,
    everything,
    keep,
    rows_of,
    sealed,
    tidied,
    urgent,
)


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


async def test_what_is_merged_goes_through_a_capped_link_in_seconds(opened):
    cap_kbit = 30
    size_bytes = segment_bytes(cap_kbit, at_most=MERGED_BYTES)
    limits = Limits(max_bytes=50_000_000, merged_bytes=size_bytes)
    flushes = [sealed(seq) for seq in range(60)]
    async with opened(max_bytes=50_000_000, limits=limits) as outbox:
        for one in flushes:
            await keep(outbox, one)
        await tidied(outbox)
        found = await everything(outbox)
    assert rows_of(found) == rows_of(flushes)
    assert len(found) < 20
    assert max(len(one.body) for one in found) / (cap_kbit * 125) <= 10


@pytest.mark.parametrize(
    ("kbit", "size_bytes"), [(None, MERGED_BYTES), (1, 16_384), (30, 37_500), (9_000, MERGED_BYTES)]
)
def test_merged_segments_are_as_large_as_the_links_cap_allows(kbit, size_bytes):
    assert segment_bytes(kbit, at_most=MERGED_BYTES) == size_bytes


async def test_new_segments_are_merged_although_ids_are_given_out_again(opened):
    async with opened() as outbox:
        for seq in range(200):
            await keep(outbox, sealed(seq))
            await tidied(outbox)
        assert outbox.shelf.stock.segments <= 200 // 30 + 31
        assert outbox.tidier.merger.merged >= 150


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


def test_losses_of_known_and_of_unknown_size_do_not_become_one():
    known = Loss(
        stream=STREAM, first_seq=0, last_seq=3, rows=60, from_us=1, to_us=2,
        reason=LossReason.DAMAGED, declared_us=3,
    )  # fmt: skip
    parts = [
        known,
        replace(known, first_seq=4, last_seq=5, rows=None),
        replace(known, first_seq=6, last_seq=6, rows=None),
        replace(known, first_seq=7, last_seq=9, rows=5),
        replace(known, first_seq=10, last_seq=10, rows=6),
    ]
    found = [(loss.first_seq, loss.last_seq, loss.rows) for loss in coalesced(parts)]
    assert found == [(0, 3, 60), (4, 6, None), (7, 10, 11)]


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
