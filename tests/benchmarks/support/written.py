"""Writes 20,000 readings/s to a collector, live: eight gateways of 2,500 panels at 1 Hz.

Arguments: the database's URL, the collector's, seconds. Prints a line once it runs, then the rate.
"""

import asyncio
import random
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import httpx
import numpy as np
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.readings import Readings
from shared.segments import CONTENT_TYPE, Segment, encode, pack, readings_table
from shared.signing import sign

GATEWAYS, PANELS = 8, 2_500
IDS = tuple(f"LIVE-{panel:04d}" for panel in range(PANELS))
MADE = """
WITH made AS (INSERT INTO site (site, name) VALUES (%s, '') RETURNING site_key)
INSERT INTO gateway (gateway, site_key, public_key) SELECT %s, site_key, %s FROM made
"""


def body(*, gateway: int, number: int) -> bytes:
    """Return one second of all panels of a gateway as an upload."""
    values = np.random.default_rng(number * GATEWAYS + gateway)
    voltage = values.integers(38_000, 42_000, PANELS, dtype=np.int32)
    current = values.integers(6_000, 9_000, PANELS, dtype=np.int32)
    readings = Readings(
        panel_ids=IDS,
        panel=np.arange(PANELS, dtype=np.int32),
        time_us=np.full(PANELS, time.time_ns() // 1_000, np.int64),
        temperature_mc=values.integers(20_000, 60_000, PANELS, dtype=np.int32),
        voltage_mv=voltage,
        current_ma=current,
        power_mw=(voltage.astype(np.int64) * current // 1000).astype(np.int32),
        quality=np.zeros(PANELS, np.int16),
    )
    tables = {"readings": readings_table(readings)}
    return pack([encode(Segment(UUID(int=gateway + 1), number, number, tables))])


async def send(client: httpx.AsyncClient, key: Ed25519PrivateKey, *, gateway: int, until: float):
    """Upload every second until a time, not in step with others; returns how many readings."""
    number = 0
    await asyncio.sleep(random.Random(gateway).random())
    begun = time.monotonic()
    while time.monotonic() < until:
        content = body(gateway=gateway, number=number)
        now = datetime.now(UTC)
        token = sign(content, key=key, gateway=f"load-{gateway}", now=now)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}
        answer = await client.post("/api/ingest", content=content, headers=headers)
        answer.raise_for_status()
        number += 1
        await asyncio.sleep(max(begun + number - time.monotonic(), 0))
    return number * PANELS


async def main(database: str, collector: str, seconds: float) -> None:
    """Enrol the gateways and let them all send."""
    keys = [Ed25519PrivateKey.generate() for _ in range(GATEWAYS)]
    with psycopg.connect(database) as connection:
        for number, key in enumerate(keys):
            public = key.public_key().public_bytes_raw()
            connection.execute(MADE, [f"load-{number}", f"load-{number}", public])
    begun = time.monotonic()
    async with httpx.AsyncClient(base_url=collector, timeout=60) as client:
        print("running", flush=True)
        sent = await asyncio.gather(
            *(
                send(client, key, gateway=number, until=begun + seconds)
                for number, key in enumerate(keys)
            )
        )
    print(sum(sent) / (time.monotonic() - begun))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
