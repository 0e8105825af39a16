"""What an outbox says of itself: which file it is, which runs used it, what it still holds."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest

from edge_agent.health import Health
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.outbox.damage import mark
from edge_agent.resends import Resends
from edge_agent.sealed import seal
from shared.losses import Loss, LossReason, losses_table
from shared.segments import Segment

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
START_US = 1_700_000_000_000_000


def made(stream, seq):
    table = {
        name: np.array([START_US + seq], np.int64)
        if name == "time_us"
        else np.array([seq], np.int32)
        for name in ("time_us", "irradiance_mw_m2", "ambient_mc", "wind_mm_s")
    }
    return seal(Segment(stream, seq, seq, {"weather": table}))


def declared(stream, other):
    loss = Loss(stream=other, first_seq=0, last_seq=0, rows=1, from_us=START_US, to_us=START_US,
                reason=LossReason.OVER_AGE, declared_us=START_US)  # fmt: skip
    return seal(Segment(stream, 0, 0, {"losses": losses_table([loss])}))


@pytest.fixture
def run_of(tmp_path):
    """`run_of(stream)`: the outbox, opened by a run with this stream."""

    @asynccontextmanager
    async def run_of(stream):
        async with open_outbox(tmp_path / "outbox.db", max_bytes=50_000_000, spill_after=60) as one:
            await one.runs.begin(stream)
            yield one

    return run_of


async def keep(outbox, *segments):
    for one in segments:
        await outbox.keep([one], settled=asyncio.Event())


async def send_all(outbox):
    for lane in (Lane.URGENT, Lane.BACKLOG):
        parcel = await outbox.take(lane, max_bytes=10**7, max_rows=10**6)
        await outbox.forget(parcel.segments)
        outbox.release(parcel)


async def test_runs_of_a_file_are_counted_and_earlier_ones_named_latest_first(run_of):
    streams = [uuid4() for _ in range(12)]
    told = []
    for stream in streams:
        async with run_of(stream) as outbox:
            told.append(outbox.runs.told)

    assert [one.run for one in told] == list(range(1, 13))
    assert len({one.file for one in told}) == 1
    assert told[0].previous == []
    assert told[-1].previous == streams[-2:-10:-1]
    assert all(one.streams == [] for one in told)


async def test_a_stream_is_held_until_the_last_of_it_was_sent_and_the_own_is_none(run_of):
    before, now = uuid4(), uuid4()
    async with run_of(before) as outbox:
        await keep(outbox, made(before, 0), made(before, 1))
    async with run_of(now) as outbox:
        await keep(outbox, made(now, 0))
        assert outbox.runs.told.streams == [before]

        parcel = await outbox.take(Lane.BACKLOG, max_bytes=1, max_rows=1)
        await outbox.forget(parcel.segments)
        await outbox.runs.look()
        assert outbox.runs.told.streams == [before]

        await send_all(outbox)
        await outbox.runs.look()
        assert outbox.runs.told.streams == []


async def test_what_is_set_aside_is_held(run_of):
    before = uuid4()
    async with run_of(before) as outbox:
        await keep(outbox, made(before, 0))
        await outbox.set_aside(made(before, 0), reason="the collector does not like it")
    async with run_of(uuid4()) as outbox:
        assert outbox.runs.told.streams == [before]


async def test_nothing_is_told_while_a_declared_loss_waits(run_of):
    before, declarer = uuid4(), uuid4()
    async with run_of(before) as outbox:
        await keep(outbox, declared(declarer, before))
    async with run_of(uuid4()) as outbox:
        assert outbox.runs.told.streams is None
        await send_all(outbox)
        await outbox.runs.look()
        assert outbox.runs.told.streams == []


@pytest.mark.parametrize(("segments", "streams"), [(1_001, 1), (33, 33)])
async def test_nothing_is_told_of_a_large_backlog_or_of_many_streams(run_of, segments, streams):
    before = [uuid4() for _ in range(streams)]
    async with run_of(before[0]) as outbox:
        await outbox.shelf.put([made(before[at % streams], at) for at in range(segments)])
    async with run_of(uuid4()) as outbox:
        assert outbox.runs.told.streams is None


async def test_what_another_program_puts_into_the_file_is_seen(run_of, tmp_path):
    other = uuid4()
    async with run_of(uuid4()) as outbox:
        await keep(outbox, made(other, 0))
        with closing(sqlite3.connect(tmp_path / "outbox.db")) as file, file:
            file.execute("UPDATE segment SET created_us = created_us + 1")
        assert outbox.runs.told.streams == []
        assert await outbox.noticed_change()
        assert outbox.runs.told.streams is None
        await outbox.runs.look()
        assert outbox.runs.told.streams == [other]


async def test_a_file_that_takes_the_place_of_a_damaged_one_is_another(run_of, tmp_path):
    before = uuid4()
    async with run_of(before) as outbox:
        await outbox.state.remember("a name", value=b"kept")
        old = outbox.runs.told
    mark(tmp_path / "outbox.db", reason="a test says so")

    async with run_of(uuid4()) as outbox:
        assert await outbox.state.recall("a name") == b"kept"
        assert outbox.runs.told.file != old.file
        assert (outbox.runs.told.run, outbox.runs.told.previous) == (1, [])


async def test_a_report_says_it_when_it_changes_and_seldom_otherwise(
    run_of, status_of, monkeypatch
):
    before, now = uuid4(), uuid4()
    async with run_of(before) as outbox:
        await keep(outbox, made(before, 0))
    async with run_of(now) as outbox:
        stages = SimpleNamespace(
            stream=now, next_seq=0, resends=Resends(outbox.put_first), outbox=outbox
        )
        health = Health(status_of, stages=stages)
        turn = 1_000.0
        monkeypatch.setattr("time.monotonic", lambda: turn)

        def report():
            return json.loads(health(NOW + timedelta(seconds=turn))["report"].values[0])

        told = report()["outbox_file"]
        assert told == {"file": str(outbox.runs.told.file), "run": 2, "previous": [str(before)],
                        "streams": [str(before)]}  # fmt: skip
        turn += 31
        assert "outbox_file" not in report()
        await send_all(outbox)
        await outbox.runs.look()
        turn += 31
        assert report()["outbox_file"] == told | {"streams": []}
        turn += 31
        assert "outbox_file" not in report()
        turn += 600
        assert report()["outbox_file"] == told | {"streams": []}
