"""The power goes at any write: the outbox opens, and holds what it said was safe."""

import contextlib
import itertools
import random
import sqlite3
from dataclasses import dataclass

import pytest

from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from faults.account import Account, contents
from faults.power import Disk, Recorder
from faults.station import SECOND_US, Station
from programs.soak import rounds
from shared.losses import LossReason

CUTS_OF_A_RUN = 20
STEPS = 60
SESSIONS = 3
NOW_US = 1_780_000_000 * SECOND_US
CHECKPOINT_PAGES = 48
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Mark:
    """What is certain once so many events have happened."""

    events: int
    account: Account


async def step(station, rng, now_us):
    """Do something an agent does."""
    steps = [
        put,
        put,
        put,
        put,
        change_collector,
        spill,
        hear,
        hear,
        lose,
        thin,
        evict,
        tidy,
        again,
    ]
    await rng.choice(steps)(station, rng, now_us)
    station.settle()


async def put(station, rng, now_us):
    readings, panels = rng.randint(1, 800), rng.randint(1, 4)
    await station.put(readings=readings, panels=panels, now_us=now_us, alert=rng.random() < 0.3)


async def change_collector(station, rng, _now_us):
    await station.outbox.collector_is(away=rng.random() < 0.6)


async def spill(station, _rng, _now_us):
    await station.outbox.spill()


async def hear(station, rng, _now_us):
    if await station.take(rng.choice(list(Lane)), max_bytes=rng.choice((1, 20_000))):
        await station.receipt(-1, refused=int(rng.random() < 0.2))


async def lose(station, rng, _now_us):
    if await station.take(rng.choice(list(Lane)), max_bytes=5_000):
        station.lose_receipt(-1)


async def again(station, rng, now_us):
    """Somebody asks for a time range once more; what was set aside goes back into the line."""
    await station.outbox.put_first(now_us - rng.randint(1, 900) * SECOND_US, now_us)


async def thin(station, _rng, now_us):
    await station.outbox.tidier.shedder.thin(size_bytes=4_000, now_us=now_us)


async def evict(station, _rng, now_us):
    reason = LossReason.OVER_SIZE
    await station.outbox.tidier.shedder.evict(size_bytes=4_000, reason=reason, now_us=now_us)


async def tidy(station, _rng, now_us):
    await station.outbox.tidier.tidy(full=False, now=lambda: now_us / 1e6)


async def recorded(folder, *, rng, act=step):
    """Run an agent's outbox three times over; return what its disk was told, and the account."""
    recorder, account, now_us = Recorder(folder), Account(), NOW_US
    marks = [Mark(0, account.copy())]
    with recorder.installed():
        for _ in range(SESSIONS):
            async with open_outbox(
                folder / "outbox.db", max_bytes=MAX_BYTES, spill_after=60
            ) as outbox:
                pages = f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"
                await outbox._file._connection.execute(pages)
                station = Station(outbox, account, rng=rng)
                for _ in range(STEPS):
                    now_us += rng.randint(1, 30) * SECOND_US
                    await act(station, rng, now_us)
                    marks.append(Mark(len(recorder.events), account.copy()))
    account.check(contents(folder / "outbox.db"))
    return recorder.events, marks


def around(marks, moment):
    """The account before and after what was being done at a moment."""
    before = [mark for mark in marks if mark.events <= moment][-1]
    after = next((mark for mark in marks if mark.events > moment), before)
    return before.account, after.account if moment > before.events else before.account


async def opens_with_all(path, *, before, after):
    """Open a file as an agent does, and compare it with the account."""
    async with open_outbox(path, max_bytes=MAX_BYTES, spill_after=60) as outbox:
        found = contents(path)
        after.check(found, before=before)
        stock = outbox.shelf.stock
        assert (stock.segments, stock.rows) == found.waiting
        assert outbox.shelf.set_aside_segments == found.set_aside
        again = Station(outbox, Account(), rng=random.Random(1))
        await again.put(readings=1, panels=1, now_us=NOW_US)
        assert len(again.account.safe) == 1
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.soak
async def test_a_power_cut_leaves_a_file_that_opens_and_all_that_was_safe(tmp_path, proof):
    cuts, at_stake = rounds(40, soak=2000), 0
    for seed in range(cuts // CUTS_OF_A_RUN):
        rng = random.Random(seed)
        (tmp_path / f"{seed}").mkdir()
        events, marks = await recorded(tmp_path / f"{seed}", rng=rng)
        moments = sorted(rng.sample(range(len(events)), CUTS_OF_A_RUN))
        disk = Disk()
        for start, moment in itertools.pairwise([0, *moments]):
            for event in events[start:moment]:
                disk.do(event)
            folder = tmp_path / f"{seed}-{moment}"
            folder.mkdir()
            disk.cut(folder, rng=rng)
            before, after = around(marks, moment)
            try:
                await opens_with_all(folder / "outbox.db", before=before, after=after)
            except Exception as error:
                error.add_note(f"seed {seed}, the power went after event {moment}")
                raise
            at_stake += before.at_stake()
    proof("power cut at a write", cases=cuts, readings=at_stake, lost=0)


async def test_a_disk_that_keeps_everything_has_the_files_as_they_are(tmp_path):
    events, _ = await recorded(tmp_path, rng=random.Random(0))
    assert {event.what for event in events} >= {"create", "delete", "write", "sync"}
    disk, whole = Disk(), tmp_path / "whole"
    for event in events:
        disk.do(event)
    whole.mkdir()
    disk.cut(whole, rng=random.Random(0), shares=[1.0])
    assert (whole / "outbox.db").read_bytes() == (tmp_path / "outbox.db").read_bytes()
    assert [path.name for path in whole.iterdir()] == ["outbox.db"]


async def test_on_a_disk_that_lies_about_syncing_the_loss_is_noticed(tmp_path):
    """What the tests above say depends on the syncs the outbox asks for."""
    events, marks = await recorded(tmp_path, rng=random.Random(0), act=put)
    middle = marks[STEPS // 2]
    syncs = [one for one in events if (one.what, one.file) == ("sync", "outbox.db-wal")]
    disk, folder = Disk(), tmp_path / "lies"
    for event in events[: middle.events]:
        if event not in syncs or event is syncs[0]:  # the first makes the log appear
            disk.do(event)
    folder.mkdir()
    disk.cut(folder, rng=random.Random(0), shares=[0.0])
    with pytest.raises(AssertionError, match="lost without a word"):
        middle.account.check(contents(folder / "outbox.db"))
