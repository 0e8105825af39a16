"""The real agent on an outbox with damaged bytes: it starts, collects, says so, salvages."""

import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

from edge_agent.diagnosis import problems
from edge_agent.outbox.examine import stats
from edge_agent.status import read_status
from shared.losses import losses_of

RUNS = 4
COUNT = 2_000


def send(panel, start, count, *, at_once=100):
    for first in range(start, start + count, at_once):
        array = [
            {
                "panel_id": f"PANEL-{number % 50:03d}",
                "timestamp": time.time() - 3600 + number / 1000,
                "temperature_celsius": (number * 7919 % 1000) / 17 + 5,
                "voltage_volts": (number * 104729 % 1000) / 50 + 30,
                "current_amperes": (number * 1299709 % 1000) / 200 + 3,
                "power_output_watts": (number * 15485863 % 1000) / 10 + 200,
            }
            for number in range(first, first + at_once)
        ]
        panel.send("sensors/PANEL-000/readings", json.dumps(array))


def kept(outbox):
    return sum(heap.readings for heap in stats(outbox).kinds)


def seqs(collector):
    """What arrived, and what was declared lost, as (stream, seq)."""
    arrived = {
        (stream, seq)
        for (stream, first), last in collector.ledger.items()
        for seq in range(first, last + 1)
    }
    lost = {
        (loss.stream, seq)
        for segment in collector.segments
        for loss in losses_of(segment)
        for seq in range(loss.first_seq, loss.last_seq + 1)
    }
    return arrived, lost


@pytest.mark.parametrize("where", ["page of rows", "first page", "log"])
async def test_an_agent_that_finds_its_outbox_damaged_goes_on_and_says_what_became_of_it(
    agent, collector, mosquitto, publisher_of, until, where
):
    await collector.stop()
    async with publisher_of(mosquitto.port) as panel:
        for run in range(RUNS):  # each is a stream of its own, which the agent does not join
            await agent.start()
            send(panel, run * COUNT, COUNT)
            count = (run + 1) * COUNT
            await until(lambda n=count: kept(agent.outbox) >= n, what="all on disk")
            await agent.kill()
        with closing(sqlite3.connect(agent.outbox)) as file:
            ends = dict(file.execute("SELECT stream, max(last_seq) FROM segment GROUP BY stream"))
            # A killed agent's run may leave some of its readings to the next.
            [(most,)] = file.execute("SELECT max(readings) FROM segment")
        damaged = damage(agent.outbox, where)

        await agent.start()
        send(panel, RUNS * COUNT, COUNT)
        await until(
            lambda: any("were salvaged" in one for one in said(agent.outbox)),
            what="it says so",
        )
        await collector.start()
        # What was sent just now may not be on disk yet: an empty outbox alone says nothing of it.
        least = (RUNS + 1) * COUNT - damaged * most
        await until(
            lambda: not stats(agent.outbox).kinds and len(set(collector.readings)) >= least,
            what="all that was not damaged is sent",
        )
    arrived, lost = seqs(collector)
    for stream, last in ends.items():
        ours = {seq for one, seq in arrived | lost if one.bytes == stream}
        # The end of a stream, where nothing follows, is what the collector sees as outstanding.
        assert set(range(max(ours, default=-1) + 1)) <= ours
        assert where == "page of rows" or max(ours) == last
    assert await agent.stop() == 0
    assert len(list(agent.folder.glob("outbox.db.damaged-*Z"))) == 1


def damage(outbox, where):
    """Write over some bytes, and return how many segments at most had them."""
    # The connection above was the last one: it took the log into the file.
    if where == "log":
        log = outbox.with_name("outbox.db-wal")
        assert not log.exists()
        log.write_bytes(os.urandom(40_000))
        return 0
    data = outbox.read_bytes()
    pages = range(0, len(data), 1024)
    # The last page with rows of segments, by how their columns begin.
    leaves = [at for at in pages if data[at] == 0x0D and b"\0\x09\x2c" in data[at : at + 1024]]
    at = 0 if where == "first page" else leaves[-1]
    outbox.write_bytes(data[:at] + os.urandom(1024) + data[at + 1024 :])
    return 0 if where == "first page" else int.from_bytes(data[at + 3 : at + 5], "big")


def said(outbox):
    status = read_status(outbox)
    return [] if status is None else problems(status, now=time.time())
