"""Flushes for an outbox, and what is done with them, for the tests of tidying and shedding."""

import asyncio
import sqlite3
from contextlib import closing
from uuid import uuid4

import numpy as np

from edge_agent.lane import Lane
from edge_agent.sealed import seal
from shared.losses import Loss, LossReason, losses_table
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
