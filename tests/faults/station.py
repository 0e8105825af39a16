"""What an agent does with its outbox, step by step, with an account of every reading."""

import asyncio
import contextlib
import random
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from edge_agent.errors import OutboxFullError
from edge_agent.lane import Lane
from edge_agent.outbox import Outbox, Parcel
from edge_agent.sealed import Sealed, seal
from faults.account import Account, Flush, Readings
from shared.alerts import Episode, alerts_table
from shared.readings import Readings as Columns
from shared.segments import Segment, readings_table

SECOND_US = 1_000_000


class Station:
    """One run of an agent: a stream of its own, its outbox, and what it waits for."""

    def __init__(self, outbox: Outbox, account: Account, *, rng: random.Random) -> None:
        self.outbox = outbox
        self.account = account
        account.declarers.add(outbox.tidier.declarer.stream)
        self.parcels: list[Parcel] = []
        self._stream = UUID(int=rng.getrandbits(128), version=4)
        self._seq = 0
        self._pending: list[tuple[list[Flush], asyncio.Event]] = []
        self._told: list[Sealed] = []

    async def put(self, *, readings: int, panels: int, now_us: int, alert: bool = False) -> None:
        """Put one flush: a reading a second for each of some panels, and perhaps an alert."""
        parts = [self._readings(readings, panels=panels, now_us=now_us)]
        if alert:
            parts.insert(0, ({"alerts": alerts_table([_episode(self._seq)])}, {}))
        segments = []
        for tables, content in parts:
            segment = Segment(self._stream, self._seq, self._seq, tables)
            self.account.add(segment, content)
            segments.append(segment)
            self._seq += 1
        settled = asyncio.Event()
        flushes = [(self._stream, segment.first_seq) for segment in segments]
        self._pending.append((flushes, settled))
        await self.outbox.keep([seal(segment) for segment in segments], settled=settled)
        self.settle()

    async def take(self, lane: Lane, *, max_bytes: int) -> bool:
        """Take a parcel to send; False if there is none on this lane."""
        parcel = await self.outbox.take(lane, max_bytes=max_bytes, max_rows=100_000)
        if parcel.segments:
            self.parcels.append(parcel)
        return bool(parcel.segments)

    async def receipt(self, number: int = 0, *, refused: int = 0) -> None:
        """Hear that a parcel is stored, but for its first segments, which are refused."""
        parcel = self.parcels.pop(number)
        with contextlib.suppress(OutboxFullError):
            for sealed in parcel.segments[:refused]:
                await self.outbox.set_aside(sealed, reason="it does not like it")
            confirmed = parcel.segments[refused:]
            await self.outbox.forget(confirmed)
            self._told += confirmed
        self.outbox.release(parcel)
        self.settle()

    def lose_receipt(self, number: int = 0) -> None:
        """Never hear of a parcel again."""
        self.outbox.release(self.parcels.pop(number))

    def settle(self) -> None:
        """Note what is safe by now, and which receipts the outbox has noted."""
        for flushes, settled in self._pending:
            if settled.is_set():
                self.account.safe.update(flushes)
        self._pending = [one for one in self._pending if not one[1].is_set()]
        waiting = {one.key for one in self.outbox._confirmed}  # for want of room even for that
        for sealed in self._told:
            if sealed.key not in waiting:
                self.account.receipt(sealed)
        self._told = [one for one in self._told if one.key in waiting]

    def _readings(
        self, count: int, *, panels: int, now_us: int
    ) -> tuple[dict[str, object], Readings]:
        # Each flush has microseconds of its own, so that no two readings are of the same time.
        start = now_us // SECOND_US * SECOND_US + len(self.account.put)
        index = np.arange(count)
        columns = Columns(
            panel_ids=tuple(f"P{number}" for number in range(panels)),
            panel=(index % panels).astype(np.int32),
            time_us=start + index // panels * SECOND_US,
            temperature_mc=np.full(count, 25_000, np.int32),
            voltage_mv=np.full(count, 48_000, np.int32),
            current_ma=np.full(count, 8_000, np.int32),
            power_mw=(380_000 + (len(self.account.put) * 7_919 + index * 104_729) % 9_973).astype(
                np.int32
            ),
            quality=np.zeros(count, np.int16),
        )
        keys = zip(columns.panel.tolist(), columns.time_us.tolist(), strict=True)
        content = {
            (f"P{panel}", time_us): power
            for (panel, time_us), power in zip(keys, columns.power_mw.tolist(), strict=True)
        }
        return {"readings": readings_table(columns)}, content


def _episode(number: int) -> Episode:
    moment = datetime.fromtimestamp(1_780_000_000 + number, UTC)
    return Episode(
        episode=f"episode-{number}",
        panel="P0",
        alert_type="flatline",
        severity="low",
        title="It does not move",
        recommendation="Look at it",
        raised_at=moment,
        last_seen_at=moment,
    )
