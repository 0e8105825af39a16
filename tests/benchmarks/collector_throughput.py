"""HTTP to committed rows, against psycopg's bare COPY of the same rows into the same table.

A real collector process, signed uploads of eight gateways at once, each sending one body at a time.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.batch import Rows
from collector.database import copy
from figures import Figure, report
from programs.collector import CollectorServer
from programs.postgres import postgres
from shared.readings import COLUMNS, Readings
from shared.segments import CONTENT_TYPE, Segment, encode, pack, readings_table
from shared.signing import sign

GATEWAYS, PANELS, SEGMENTS, SECONDS = 8, 100, 6, 100
ROUNDS = 5
COPY = f"COPY reading_raw ({', '.join(copy.COLUMNS)}) FROM STDIN (FORMAT binary)"


def readings(*, number: int) -> Readings:
    """One segment's worth: all panels of a gateway for `SECONDS` at 1 Hz."""
    random = np.random.default_rng(number)
    size = PANELS * SECONDS
    start = round((datetime.now(UTC) - timedelta(hours=1)).timestamp()) + number * SECONDS
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


def enrol(url: str) -> dict[str, Ed25519PrivateKey]:
    """Make a site with one gateway, several times; returns the gateways' keys by their names."""
    keys = {f"g{number}": Ed25519PrivateKey.generate() for number in range(GATEWAYS)}
    with psycopg.connect(url) as connection:
        for gateway, key in keys.items():
            connection.execute(
                "WITH made AS (INSERT INTO site (site, name) VALUES (%s, '') RETURNING site_key) "
                "INSERT INTO gateway (gateway, site_key, public_key) "
                "SELECT %s, site_key, %s FROM made",
                [f"site-{gateway}", gateway, key.public_key().public_bytes_raw()],
            )
    return keys


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


async def uploaded(
    collector: str, *, bodies: list[bytes], keys: dict[str, Ed25519PrivateKey], stored: int
) -> float:
    """Return the seconds from the first request to the last receipt."""
    now = datetime.now(UTC)
    headers = {
        gateway: [
            {
                "Authorization": f"Bearer {sign(body, key=key, gateway=gateway, now=now)}",
                "Content-Type": CONTENT_TYPE,
            }
            for body in bodies
        ]
        for gateway, key in keys.items()
    }
    async with httpx.AsyncClient(base_url=collector, timeout=60) as client:

        async def send(gateway: str) -> int:
            accepted = 0
            for body, header in zip(bodies, headers[gateway], strict=True):
                answer = await client.post("/api/ingest", content=body, headers=header)
                accepted += answer.raise_for_status().json()["accepted"]
            return accepted

        begun = time.perf_counter()
        accepted = await asyncio.gather(*map(send, keys))
        seconds = time.perf_counter() - begun
    assert sum(accepted) == stored
    return seconds


def copy_buffer(url: str, *, parts: list[Readings]) -> bytes:
    """Return the rows the collector has just stored, as one COPY, in the order of their key."""
    with psycopg.connect(url) as connection:
        panels = connection.execute(
            "SELECT site_key, array_agg(panel_key ORDER BY panel) FROM panel GROUP BY 1"
        ).fetchall()
    rows = [
        Rows(np.array(keys, np.int32)[part.panel], *(getattr(part, c) for c in COLUMNS[1:]))
        for _, keys in panels
        for part in parts
    ]
    return copy.encode(copy.order(rows).rows)


async def measure(url: str, *, collector: str) -> tuple[int, list[float], list[float]]:
    """Return the readings of a round, and the seconds of the bare and of the whole way."""
    parts = [readings(number=number) for number in range(SEGMENTS)]
    bodies = [
        pack([encode(Segment(UUID(int=1), at, at, {"readings": readings_table(part)}))])
        for at, part in enumerate(parts)
    ]
    keys = enrol(url)
    total = GATEWAYS * sum(len(part) for part in parts)
    await uploaded(collector, bodies=bodies, keys=keys, stored=total)  # panels are registered once
    buffer = copy_buffer(url, parts=parts)
    bare, ours = [], []
    for _ in range(ROUNDS):
        truncate(url)
        bare.append(await raw(url, buffer=buffer))
        truncate(url)
        ours.append(await uploaded(collector, bodies=bodies, keys=keys, stored=total))
    return total, bare, ours


def main() -> int:
    """Measure and report."""
    with ExitStack() as stack:
        url = stack.enter_context(stack.enter_context(postgres()).database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = CollectorServer(folder, database_url=url)
        stack.callback(collector.discard)
        collector.start()
        total, bare, ours = asyncio.run(measure(url, collector=collector.url))
    report(
        Figure(
            "collector, HTTP to committed, readings/s",
            total / statistics.median(ours),
            total / statistics.median(bare),
            "bare psycopg binary COPY of the same rows",
            0.6,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
