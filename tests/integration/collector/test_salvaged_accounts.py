"""An outbox is damaged and salvaged for real: the account counts as lost only what is."""

import asyncio
from datetime import timedelta

import numpy as np

from collector.queries.accounts import find_gateway
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.outbox.damage import mark
from edge_agent.outbox.damage_watch import salvage_pending
from edge_agent.sealed import seal
from integration.collector.bodies import NOW, STREAM, body, readings
from shared.segments import Segment, readings_table

FLUSHES = 60
PAGE_BYTES = 1024
SENT = range(20, 30)
SIZE = 50_000_000


def made(seq):
    some = readings(panels=1, count=40, start=NOW - timedelta(minutes=70 - seq))
    noise = np.random.default_rng(seq).integers(200_000, 400_000, 40)
    some.power_mw[:] = noise  # so that a body is larger than what a page holds of it
    return seal(Segment(STREAM, seq, seq, {"readings": readings_table(some)}))


def wipe(path, data):
    """Wipe out the page of a file in which some bytes begin, and with it the rows there."""
    content = bytearray(path.read_bytes())
    start = content.index(data) // PAGE_BYTES * PAGE_BYTES
    content[start : start + PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(content)


async def test_of_a_damaged_range_only_what_never_arrived_is_lost(
    database, ingest, sender, tmp_path
):
    path, arrived = tmp_path / "outbox.db", set()

    async def upload(segments):
        receipt = await ingest.segments(
            body(*(one.body for one in segments)), sender=sender, now=NOW
        )
        assert {one.status for one in receipt.segments} == {"stored"}
        arrived.update(one.key.first_seq for one in segments if one.key.stream == STREAM)

    segments = [made(seq) for seq in range(FLUSHES)]
    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        for one in segments:
            await outbox.keep([one], settled=asyncio.Event())
        await upload(segments[SENT.start : SENT.stop])
        await outbox.forget(segments[SENT.start : SENT.stop])
    for seq in (SENT.start - 1, SENT.stop, 45):
        wipe(path, segments[seq].body[:60])
    mark(path, reason="a test says so")

    async with open_outbox(path, max_bytes=SIZE, spill_after=60) as outbox:
        await salvage_pending(path, max_bytes=SIZE)
        assert await outbox.noticed_change()
        for lane in (Lane.URGENT, Lane.BACKLOG):
            while some := (await outbox.take(lane, max_bytes=SIZE, max_rows=10**6)).segments:
                await upload(some)
                await outbox.forget(some)

    detail = await find_gateway(database, gateway="gw-alpha")
    (stream,) = (one for one in detail.streams if one.stream == STREAM)
    declared = {seq for one in detail.losses for seq in range(one.first_seq, one.last_seq + 1)}
    lost = set(range(FLUSHES)) - arrived
    assert lost
    assert declared == lost | set(SENT)
    assert (stream.lost, stream.lost_uncounted, stream.lost_rows) == (len(lost), len(lost), 0)
    assert (stream.outstanding, stream.unacknowledged) == (0, 0)
    assert stream.accepted == 40 * len(arrived)
