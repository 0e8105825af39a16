"""A damaged outbox never stops the agent: what can be read is salvaged, the rest declared lost.

The oracle looks for the pieces of a body in the bytes of the files: it knows nothing of how a file
is read, only that a page has 1,024 bytes, and a frame of the log 24 before them.
"""

import asyncio
import os
import random
import shutil
import sqlite3
from contextlib import closing
from uuid import UUID, uuid4
from zlib import crc32

import numpy as np
import pytest

from edge_agent.errors import OutboxDamagedError
from edge_agent.outbox import open_outbox
from edge_agent.outbox.damage import mark, pending, put_aside_files
from edge_agent.outbox.damage_watch import salvage_pending
from edge_agent.sealed import seal
from programs.soak import rounds
from shared.losses import LossReason, losses_of
from shared.segments import Segment, decode

SIZE = 50_000_000
START_US = 1_700_000_000_000_000


def made(stream, seq, *, rows):
    """A segment with incompressible rows."""
    noise = np.random.default_rng(seq).integers(-(2**31), 2**31 - 1, (3, rows), np.int32)
    table = {
        "time_us": START_US + seq * 1_000_000 + np.arange(rows, dtype=np.int64),
        "irradiance_mw_m2": noise[0],
        "ambient_mc": noise[1],
        "wind_mm_s": noise[2],
    }
    return seal(Segment(stream, seq, seq, {"weather": table}))


async def filled(path, *, segments, streams=3, seed=0):
    """Make an outbox as a long outage leaves it: some of it already sent, a log beside it."""
    pick = random.Random(seed)
    kept = {}
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        for _ in range(streams):
            stream = uuid4()
            for seq in range(segments // streams):
                rows = pick.choice([1, 3, 20, 60, 200, 2_000])
                one = made(stream, seq, rows=rows)
                await outbox.keep([one], settled=asyncio.Event())
                kept[one.key] = one
                if seq == segments // streams // 2:
                    with closing(sqlite3.connect(path)) as other:
                        other.execute("PRAGMA wal_checkpoint(RESTART)")
                if pick.random() < 0.2:
                    gone = kept.pop(pick.choice(list(kept)))
                    await outbox.forget([gone])
        await outbox.state.remember("open_episodes", value=b"[]")
        # As a crash leaves them: closing would take the log into the file.
        copy(path, path.with_name("crashed"))
    return kept


def copy(path, folder):
    folder.mkdir(exist_ok=True)
    for one in (path, path.with_name(f"{path.name}-wal")):
        shutil.copy(one, folder / one.name)


async def on_disk(path):
    """Open as the agent does, again if it has to leave; put, salvage, return what is there."""
    for _ in range(4):
        try:
            return await opened(path)
        except OutboxDamagedError:
            continue
    raise AssertionError("it does not start")


async def opened(path):
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        stream = uuid4()
        settled = asyncio.Event()
        await outbox.keep([made(stream, 0, rows=5)], settled=settled)
        assert settled.is_set()
        await salvage_pending(path, max_bytes=SIZE)
        await outbox.shelf.load()
        # As taking does, with all that follows from meeting a damaged page.
        rows = await outbox._file.read("SELECT stream, first_seq, body, checksum FROM segment")
        [(found,)] = (await outbox._file.read("PRAGMA quick_check"))[:1]
        if found != "ok":  # in a page that was not needed yet; this is what happens when it is
            mark(path, reason=found)
            raise OutboxDamagedError(found)
        assert any(UUID(bytes=row[0]) == stream for row in rows)
        return rows


def intact(rows):
    return {
        (UUID(bytes=stream), first): body
        for stream, first, body, sum_ in rows
        if crc32(body) == sum_
    }


def declared(rows):
    found = []
    for _, _, body, sum_ in rows:
        if crc32(body) == sum_:
            found += losses_of(decode(body))
    return found


@pytest.fixture
async def outage(tmp_path):
    path = tmp_path / "outbox.db"
    kept = await filled(path, segments=120)
    return path.with_name("crashed"), kept


async def test_an_outbox_in_order_is_neither_put_aside_nor_copied(outage):
    folder, kept = outage
    rows = await on_disk(folder / "outbox.db")
    assert intact(rows).keys() >= set(kept)
    assert put_aside_files(folder / "outbox.db") == []


async def test_all_that_sqlite_sees_is_salvaged_when_nothing_is_damaged(outage):
    folder, kept = outage
    path = folder / "outbox.db"
    (folder / "outbox.db.damaged").write_text("somebody says so")

    rows = await on_disk(path)

    there = intact(rows)
    assert {key: there[key] for key in kept} == {key: one.body for key, one in kept.items()}
    [aside] = put_aside_files(path)
    assert aside.stat().st_mode & 0o777 == 0o600
    assert pending(path) == []
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        assert await outbox.state.recall("open_episodes") == b"[]"


async def test_damage_that_sqlite_cannot_put_in_words_is_damage_too(tmp_path):
    path = tmp_path / "outbox.db"
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        one = made(uuid4(), 0, rows=5)
        await outbox.keep([one], settled=asyncio.Event())
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE state", b"CREATE \xc2ABLE state"))
    assert intact(await on_disk(path))[one.key] == one.body
    assert len(put_aside_files(path)) == 1


async def test_of_a_file_without_its_first_page_everything_else_is_salvaged(outage):
    folder, kept = outage
    path = folder / "outbox.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.write(os.urandom(1024))

    rows = await on_disk(path)

    there = intact(rows)
    assert {key: there[key] for key in kept} == {key: one.body for key, one in kept.items()}


async def test_what_is_damaged_is_declared_lost_and_what_was_sent_is_not(outage):
    folder, kept = outage
    path = folder / "outbox.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(stream, first)] = other.execute(
            "SELECT stream, first_seq FROM segment WHERE length(body) > 5000 LIMIT 1 OFFSET 5"
        )
        body = kept[UUID(bytes=stream), first].body
    data = bytearray(path.read_bytes())
    at = data.index(body[-300:])
    data[at + 50 : at + 60] = os.urandom(10)
    path.write_bytes(data)
    (folder / "outbox.db.damaged").write_text("a page is malformed")

    rows = await on_disk(path)

    there = intact(rows)
    key = (UUID(bytes=stream), first)
    assert set(kept) - there.keys() == {key}
    exact = [loss for loss in declared(rows) if loss.rows is not None]
    [loss] = exact
    assert (loss.stream, loss.first_seq, loss.last_seq) == (*key, first)
    assert (loss.rows, loss.reason) == (kept[key].rows, LossReason.DAMAGED)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(rounds(4, soak=50)))
async def test_bytes_damaged_anywhere_cost_only_the_segments_they_are_in(tmp_path, seed):
    kept = await filled(tmp_path / "outbox.db", segments=60, seed=seed)
    pick = random.Random(seed)
    for case in range(10):
        folder = tmp_path / f"case-{case}"
        shutil.copytree(tmp_path / "crashed", folder)
        await one_case(folder / "outbox.db", kept, pick=pick)
        shutil.rmtree(folder)


async def one_case(path, kept, *, pick):
    target = path if pick.random() < 0.6 else path.with_name("outbox.db-wal")
    data = bytearray(target.read_bytes())
    count = pick.choice([1, 1, 4, 64, 1024])
    at = pick.choice([pick.randrange(len(data)), pick.randrange(min(2048, len(data)))])
    at = min(at, len(data) - count)
    before = bytes(data)
    data[at : at + count] = pick.randbytes(count)
    target.write_bytes(data)

    rows = await on_disk(path)

    there, losses = intact(rows), declared(rows)
    damaged = {(UUID(bytes=stream), first) for stream, first, _, _ in rows} - there.keys()
    for key, one in kept.items():
        if key in there:
            assert there[key] == one.body
        elif not any(
            loss.stream == key.stream and loss.first_seq <= key.first_seq <= loss.last_seq
            for loss in losses
        ):
            was_hit = is_hit(one.body, before, at=at, end=at + count, log=target != path)
            assert was_hit or key in damaged, (target.name, at, count, key, len(one.body))


def is_hit(body, data, *, at, end, log):
    """Whether damage is in a body, before it (its row's header), or in a link between parts."""
    header, page = (24, 1048) if log else (0, 1024)
    for start in range(0, len(body), 32):
        piece = body[start : start + 32]
        place = data.find(piece)
        while place >= 0:
            frame = place - (place - (32 if log else 0)) % page
            near = end > place - 120 and at < place + 80
            if near or (end > frame and at < frame + header + 4):
                return True
            place = data.find(piece, place + 1)
    return False


@pytest.fixture(params=["empty", "short", "missing"])
async def headless(tmp_path, request):
    """What a killed agent leaves: half of it in the file, of which little is left, half in the log.

    Returns:
        The file, the stream, and the segments that are in the log.
    """
    path, stream = tmp_path / "outbox.db", uuid4()
    segments = [made(stream, seq, rows=20) for seq in range(40)]
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        for one in segments[:20]:
            await outbox.keep([one], settled=asyncio.Event())
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(RESTART)")
        for one in segments[20:]:
            await outbox.keep([one], settled=asyncio.Event())
        copy(path, path.with_name("crashed"))
    path = path.with_name("crashed") / path.name
    if request.param == "missing":
        path.unlink()
    else:
        os.truncate(path, 60 if request.param == "short" else 0)
    return path, stream, segments[20:]


async def test_without_its_file_a_log_is_salvaged_and_the_rest_declared_lost(headless):
    path, stream, kept = headless

    rows = await on_disk(path)

    there = intact(rows)
    assert {one.key: there[one.key] for one in kept} == {one.key: one.body for one in kept}
    [loss] = declared(rows)
    assert (loss.stream, loss.first_seq, loss.rows) == (stream, 0, None)
    assert loss.last_seq < min(first for of, first in there if of == stream)
    assert len(put_aside_files(path)) == 1
    assert pending(path) == []


@pytest.mark.parametrize("size", [0, 5, 229, 230, 1_000, 1_254, 100_000])
async def test_without_its_file_what_a_log_has_by_name_is_known_again(headless, size):
    """Small values are in the page of their name, large ones in others."""
    path, values = headless[0], {f"value {number}": os.urandom(size) for number in range(9)}
    folder = path.with_name("named")
    folder.mkdir()
    async with open_outbox(folder / path.name, max_bytes=SIZE, spill_after=60) as outbox:
        for number in range(2):  # the first are old, and what had them is free again
            old = {name: os.urandom(2_000) for name in values}
            await outbox.state.remember_all(values if number else old)
        log = folder / f"{path.name}-wal"
        shutil.copy(log, path.with_name(log.name))

    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        assert await outbox.state.recall_all(list(values)) == values


async def test_without_its_file_a_log_is_put_aside_once(headless):
    path = headless[0]
    before = path.with_name("outbox.db-wal").read_bytes()
    for _ in range(2):
        async with open_outbox(path, max_bytes=SIZE, spill_after=60):
            pass
    [aside] = put_aside_files(path)
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == before
