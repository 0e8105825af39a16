"""Bodies of segments to committed rows, against psycopg's bare COPY of the same rows.

No HTTP: decoding, checking, keys, ledger, ordering, COPY and COMMIT.
"""

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg

from collector.batch import Rows
from collector.database import copy
from collector.database.embedded import embedded_postgres
from collector.database.engine import open_database
from collector.database.migrate import upgrade
from collector.ingest import Ingest, Sender, open_ingest
from collector.registry import Registry
from figures import Figure, report
from shared.readings import COLUMNS, Readings
from shared.segments import Segment, encode, pack, readings_table

GATEWAYS, PANELS, SEGMENTS, SECONDS = 8, 100, 6, 100
ROUNDS = 5
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COPY = f"COPY reading_raw ({', '.join(copy.COLUMNS)}) FROM STDIN (FORMAT binary)"


def readings(*, number: int) -> Readings:
    """One segment's worth: all panels of a gateway for `SECONDS` at 1 Hz."""
    random = np.random.default_rng(number)
    size = PANELS * SECONDS
    start = round((NOW - timedelta(hours=1)).timestamp()) + number * SECONDS
    seconds = np.tile(np.arange(SECONDS, dtype=np.int64), PANELS)
    voltage = random.integers(38_000, 42_000, size, dtype=np.int32)
    current = random.integers(6_000, 9_000, size, dtype=np.int32)
    return Readings(
        panel_ids=tuple(f"PANEL-{panel:03d}" for panel in range(PANELS)),
        panel=np.repeat(np.arange(PANELS, dtype=np.int32), SECONDS),
        time_us=(start + seconds) * 1_000_000 + random.integers(0, 1000, size) * 1000,
        temperature_mc=random.integers(20_000, 60_000, size, dtype=np.int32),
        voltage_mv=voltage,
        current_ma=current,
        power_mw=(voltage.astype(np.int64) * current // 1000).astype(np.int32),
        quality=np.zeros(size, np.int16),
    )


def senders(url: str) -> list[Sender]:
    """Enrol the gateways, one a site."""
    found = []
    with psycopg.connect(url) as connection:
        for number in range(GATEWAYS):
            (site_key,) = connection.execute(
                "INSERT INTO site (site, name) VALUES (%s, '') RETURNING site_key", [f"s{number}"]
            ).fetchone()
            (gateway_key,) = connection.execute(
                "INSERT INTO gateway (gateway, site_key, public_key) "
                "VALUES (%s, %s, sha256(%s)) RETURNING gateway_key",
                [f"g{number}", site_key, bytes([number])],
            ).fetchone()
            found.append(Sender(site_key, f"s{number}", gateway_key))
    return found


def truncate(url: str) -> None:
    """Empty what a round filled, and begin the next on a quiet server."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE reading_raw, ledger")
        connection.execute("CHECKPOINT")


async def raw(url: str, *, buffer: bytes) -> float:
    """Return the seconds one bare COPY and its COMMIT take."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        begun = time.perf_counter()
        async with connection.cursor() as cursor, cursor.copy(COPY) as stream:
            await stream.write(buffer)
        await connection.commit()
        return time.perf_counter() - begun


async def whole(ingest: Ingest, *, bodies: dict[Sender, list[bytes]], stored: int) -> float:
    """Return the seconds from the first body to the last receipt; a gateway sends one at a time."""

    async def send(sender: Sender) -> int:
        receipts = [await ingest.segments(body, sender=sender, now=NOW) for body in bodies[sender]]
        return sum(receipt.accepted for receipt in receipts)

    begun = time.perf_counter()
    accepted = await asyncio.gather(*map(send, bodies))
    seconds = time.perf_counter() - begun
    assert sum(accepted) == stored
    return seconds


async def measure(url: str) -> tuple[int, list[float], list[float]]:
    """Return the readings of a round, and the seconds of the bare and of the whole way."""
    parts = [readings(number=number) for number in range(SEGMENTS)]
    bodies = {
        sender: [
            pack([encode(Segment(UUID(int=1), at, at, {"readings": readings_table(part)}))])
            for at, part in enumerate(parts)
        ]
        for sender in senders(url)
    }
    bare, ours = [], []
    async with open_database(url) as database, open_ingest(database) as ingest:
        registry = Registry(database)
        rows = []
        for sender in bodies:
            keys = await registry.keys(sender.site_key, panels=parts[0].panel_ids)
            rows += [Rows(keys[p.panel], *(getattr(p, c) for c in COLUMNS[1:])) for p in parts]
        buffer = copy.encode(copy.order(rows).rows)
        total = sum(len(one) for one in rows)
        for _ in range(ROUNDS):
            truncate(url)
            bare.append(await raw(url, buffer=buffer))
            truncate(url)
            ours.append(await whole(ingest, bodies=bodies, stored=total))
    return total, bare, ours


def main() -> None:
    """Measure and report."""
    with (
        tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder,
        embedded_postgres(Path(folder) / "data") as url,
    ):
        upgrade(url)
        total, bare, ours = asyncio.run(measure(url))
    report(
        Figure(
            "collector, body to committed, readings/s",
            total / statistics.median(ours),
            total / statistics.median(bare),
            "bare psycopg binary COPY of the same rows",
            reach=0.75,
        )
    )


if __name__ == "__main__":
    main()
