"""The outbox over real SQLite files."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from uuid import uuid4

import pytest

from edge_agent.entries import Entry
from edge_agent.errors import OutboxError
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.outbox.opening import read_file
from edge_agent.outbox.quarantine import Quarantine, listed
from edge_agent.sealed import Key, Kind, Sealed

STREAM = uuid4()


def sealed(seq, *, size=100, stream=STREAM):
    return Sealed(Key(stream, seq), seq, Kind.BULK, 10, 10, 0, 0, os.urandom(size))


@pytest.fixture
def opened(tmp_path):
    def open_(**options):
        defaults = {"max_bytes": 50_000_000, "spill_after": 60.0}
        return open_outbox(tmp_path / "outbox.db", **(defaults | options))

    return open_


async def taken(outbox, lane=Lane.LIVE, *, max_bytes=10**6, max_rows=10**6):
    return await outbox.take(lane, max_bytes=max_bytes, max_rows=max_rows)


async def kept(outbox, one):
    settled = asyncio.Event()
    await outbox.keep([one], settled=settled)
    return settled


async def test_away_every_flush_is_on_disk_before_it_counts_as_safe(opened, tmp_path):
    async with opened() as outbox:
        settled = await kept(outbox, sealed(0))
        assert settled.is_set()
        with closing(sqlite3.connect(tmp_path / "outbox.db")) as other:
            assert other.execute("SELECT count(*) FROM segment").fetchone() == (1,)


async def test_online_a_segment_waits_in_memory_for_its_receipt(opened):
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        settled = await kept(outbox, sealed(0))
        assert not settled.is_set()
        parcel = await taken(outbox)
        await outbox.forget(parcel.segments)
        outbox.release(parcel)
        assert settled.is_set()
        assert outbox.shelf.stock.segments == 0


async def test_online_a_segment_without_receipt_goes_to_disk_in_time(opened):
    async with opened(spill_after=0.0) as outbox:
        await outbox.collector_is(away=False)
        settled = await kept(outbox, sealed(0))
        spilling = asyncio.create_task(outbox.spill_when_due())
        async with asyncio.timeout(5):
            await settled.wait()
        spilling.cancel()
        assert outbox.shelf.stock.segments == 1


async def test_a_receipt_after_the_spill_takes_it_off_the_disk(opened):
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        await kept(outbox, sealed(0))
        parcel = await taken(outbox)
        await outbox.spill()
        assert outbox.shelf.stock.segments == 1
        await outbox.forget(parcel.segments)
        assert outbox.shelf.stock.segments == 0


async def test_a_receipt_that_comes_while_the_file_is_written_costs_no_other_write(
    opened, tmp_path
):
    log = tmp_path / "outbox.db-wal"
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        await outbox.set_aside(sealed(0), reason="refused")  # the table has its pages now
        grown = []
        for pair in ((sealed(1),), (sealed(2), sealed(3))):
            settled = await kept(outbox, pair[-1])
            before = log.stat().st_size
            writing = asyncio.create_task(outbox.set_aside(pair[0], reason="refused"))
            await asyncio.sleep(0)  # it has begun
            await outbox.forget(pair[1:])
            await writing
            grown.append(log.stat().st_size - before)
            assert settled.is_set()
        assert grown[0] == grown[1] > 0


async def test_what_is_in_flight_is_not_taken_twice_until_it_is_released(opened):
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        await kept(outbox, sealed(0))
        parcel = await taken(outbox)
        await outbox.spill()
        assert not (await taken(outbox)).segments
        assert not (await taken(outbox, Lane.BACKLOG)).segments
        outbox.release(parcel)
        assert (await taken(outbox, Lane.BACKLOG)).segments == parcel.segments


@pytest.mark.parametrize(("order", "expected"), [("oldest", [0, 1, 2]), ("newest", [4, 3, 2])])
async def test_the_backlog_goes_in_the_order_asked_for(opened, order, expected):
    async with opened(order=order) as outbox:
        for seq in range(5):
            await kept(outbox, sealed(seq, size=100))
        parcel = await taken(outbox, Lane.BACKLOG, max_bytes=300)
        assert [one.key.first_seq for one in parcel.segments] == expected


async def test_what_is_in_memory_is_live_and_what_is_on_disk_is_backlog(opened):
    async with opened() as outbox:
        await kept(outbox, sealed(0))
        await outbox.collector_is(away=False)
        await kept(outbox, sealed(1))
        live, backlog = await taken(outbox), await taken(outbox, Lane.BACKLOG)
        assert [one.key.first_seq for one in live.segments] == [1]
        assert [one.key.first_seq for one in backlog.segments] == [0]


async def test_urgent_segments_are_found_in_memory_and_on_disk(opened):
    async with opened() as outbox:
        await kept(outbox, sealed(0))
        await kept(outbox, sealed(1)._replace(kind=Kind.URGENT))
        await outbox.collector_is(away=False)
        await kept(outbox, sealed(2))
        await kept(outbox, sealed(3)._replace(kind=Kind.URGENT))
        found = [await taken(outbox, Lane.URGENT) for _ in range(3)]
        assert [[one.key.first_seq for one in parcel.segments] for parcel in found] == [
            [3],
            [1],
            [],
        ]


async def test_rows_bound_a_parcel_as_bytes_do(opened):
    async with opened() as outbox:
        for seq in range(5):
            await kept(outbox, sealed(seq))
        assert len((await taken(outbox, Lane.BACKLOG, max_rows=25)).segments) == 2
        assert len((await taken(outbox, Lane.BACKLOG, max_rows=1)).segments) == 1


async def test_what_is_withheld_is_only_fetched(opened):
    async with opened() as outbox:
        for seq in range(2):
            await kept(outbox, sealed(seq))
        parcel = await taken(outbox, Lane.BACKLOG, max_rows=10)
        outbox.release(parcel, withheld=parcel.keys)
        rest = await taken(outbox, Lane.BACKLOG)
        assert [one.key.first_seq for one in rest.segments] == [1]
        again = await outbox.fetch(parcel.keys)
        assert again.segments == parcel.segments
        await outbox.forget(again.segments)
        assert not (await outbox.fetch(parcel.keys)).segments


async def test_live_data_that_is_held_back_is_safe_on_disk(opened):
    async with opened() as outbox:
        await outbox.collector_is(away=False)
        await outbox.hold(held=True)
        assert (await kept(outbox, sealed(0))).is_set()
        await outbox.hold(held=False)
        assert not (await kept(outbox, sealed(1))).is_set()


async def test_a_segment_larger_than_a_body_still_goes(opened):
    async with opened() as outbox:
        await kept(outbox, sealed(0, size=5000))
        assert len((await taken(outbox, Lane.BACKLOG, max_bytes=10)).segments) == 1


async def test_a_killed_agent_finds_everything_under_its_old_stream(opened, tmp_path):
    script = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\nfrom uuid import UUID\n"
        "from edge_agent.outbox import open_outbox\n"
        "from edge_agent.sealed import Key, Kind, Sealed\n"
        "async def main():\n"
        "    async with open_outbox(Path(sys.argv[1]), max_bytes=10**8, spill_after=1) as outbox:\n"
        "        for seq in range(20):\n"
        "            key = Key(UUID(int=7), seq)\n"
        "            one = Sealed(key, seq, Kind.BULK, 3, 3, 0, 0, b'x')\n"
        "            await outbox.keep([one], settled=asyncio.Event())\n"
        "        await outbox.state.remember('open_episodes', value=b'[]')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script, str(tmp_path / "outbox.db")], check=False
    )
    assert done.returncode == -9
    async with opened() as outbox:
        assert (outbox.shelf.stock.segments, outbox.shelf.stock.rows) == (20, 60)
        assert await outbox.state.recall("open_episodes") == b"[]"
        parcel = await taken(outbox, Lane.BACKLOG)
        assert [one.key.stream.int for one in parcel.segments] == [7] * 20


async def test_full_means_not_safe_said_once_and_tried_again(opened, caplog):
    async with opened(max_bytes=2_000_000) as outbox:
        events = [await kept(outbox, sealed(seq, size=100_000)) for seq in range(12)]
        safe = [event.is_set() for event in events]
        assert safe == [True] * sum(safe) + [False] * (12 - sum(safe))
        assert 5 <= sum(safe) < 12
        assert outbox.full
        assert sum("outbox is full" in record.message for record in caplog.records) == 1
        while outbox.shelf.stock.segments or len(outbox.waiting):
            lane = Lane.BACKLOG if outbox.shelf.stock.segments else Lane.LIVE
            parcel = await taken(outbox, lane, max_bytes=10_000_000)
            await outbox.forget(parcel.segments)
            outbox.release(parcel)
        assert all(event.is_set() for event in events)


async def test_a_refused_segment_is_kept_aside(opened):
    async with opened() as outbox:
        await kept(outbox, sealed(0))
        parcel = await taken(outbox, Lane.BACKLOG)
        await outbox.set_aside(parcel.segments[0], reason="damaged")
        outbox.release(parcel)
        assert (outbox.shelf.stock.segments, outbox.shelf.set_aside_segments) == (0, 1)
    async with opened() as outbox:
        assert outbox.shelf.set_aside_segments == 1


async def test_a_file_that_is_no_database_is_put_aside_and_stops_nobody(opened, tmp_path):
    found = b"not a database, " * 1000
    (tmp_path / "outbox.db").write_bytes(found)
    async with opened() as outbox:
        assert (await kept(outbox, sealed(0))).is_set()
    [aside] = tmp_path.glob("outbox.db.damaged-*Z")
    assert aside.read_bytes() == found


async def test_only_one_agent_may_have_it(opened):
    async with opened():
        with pytest.raises(OutboxError, match="another agent"):
            async with opened():
                pass


async def test_the_file_is_for_us_only_whatever_its_name(tmp_path):
    path = tmp_path / "odd ?name#.db"
    async with open_outbox(path, max_bytes=10**7, spill_after=1):
        assert path.stat().st_mode & 0o077 == 0


def entry(number, *, size=10):
    return Entry(
        tier="malformed", reason=f"reason {number}", topic="t", payload=b"x" * size,
        payload_bytes=size, readings=1, received_us=number,
    )  # fmt: skip


async def test_the_quarantine_is_bounded_and_counts_what_it_drops(opened):
    async with opened() as outbox:
        small = Quarantine(outbox._file, max_bytes=10**6, max_entries=3)
        for number in range(5):
            await small.put([entry(number)])
        assert (small.entries, small.dropped) == (3, 2)
        assert [kept.entry.received_us for kept in await listed(outbox._file, limit=9)] == [4, 3, 2]
    async with opened() as outbox:
        assert (outbox.quarantine.entries, outbox.quarantine.dropped) == (3, 2)


async def test_every_entry_that_goes_is_counted_and_a_smaller_bound_holds_at_once(opened):
    async with opened() as outbox:
        small = Quarantine(outbox._file, max_bytes=10**6, max_entries=3)
        await small.put([entry(number) for number in range(5)])
        assert (small.entries, small.dropped) == (3, 2)
        smaller = Quarantine(outbox._file, max_bytes=10**6, max_entries=1)
        await smaller.load()
        assert (smaller.entries, smaller.dropped) == (1, 4)


async def test_who_only_reads_a_damaged_file_is_told_what_salvages_it(tmp_path):
    (tmp_path / "outbox.db").write_bytes(b"not SQLite at all" * 1000)
    with pytest.raises(OutboxError, match=r"outbox.db is damaged .*`edge-agent buffer repair`"):
        async with read_file(tmp_path / "outbox.db"):
            pass
    assert [one.name for one in tmp_path.iterdir()] == ["outbox.db"]


async def test_a_full_outbox_is_opened_and_read_without_writing(opened, tmp_path):
    async with opened() as outbox:
        await kept(outbox, sealed(0))
    async with opened() as outbox:
        before = await outbox._file.read("SELECT total_changes()")
        await outbox.load()
        assert outbox.shelf.stock.segments == 1
        assert await outbox._file.read("SELECT total_changes()") == before
