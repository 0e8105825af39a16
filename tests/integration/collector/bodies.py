"""Gateways, and bodies as they send them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg

from collector.ingest import Sender
from shared.readings import MISSING, Readings
from shared.segments import Segment, encode, pack, readings_table

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STREAM = UUID(int=1)


def readings(*, panels=2, count=10, start=NOW - timedelta(minutes=10), missing=False):
    """`count` readings of each of `panels` panels, one a second."""
    seconds = np.tile(np.arange(count, dtype=np.int64), panels)
    size = panels * count
    power = np.full(size, 300_000, np.int32)
    if missing:
        power[::3] = MISSING
    return Readings(
        panel_ids=tuple(f"PANEL-{number:03d}" for number in range(panels)),
        panel=np.repeat(np.arange(panels, dtype=np.int32), count),
        time_us=round(start.timestamp()) * 1_000_000 + seconds * 1_000_000,
        temperature_mc=np.full(size, 25_300, np.int32) + seconds.astype(np.int32),
        voltage_mv=np.full(size, 40_000, np.int32),
        current_ma=np.full(size, 7_500, np.int32),
        power_mw=power,
        quality=np.zeros(size, np.int16),
    )


def segment(some=None, *, seq=(0, 0), stream=STREAM, **tables):
    """One encoded segment."""
    if some is not None:
        tables["readings"] = readings_table(some)
    return encode(Segment(stream, *seq, tables))


def body(*segments):
    return pack(segments)


def add_gateway(url, *, site, gateway):
    """Enrol a gateway, straight in the database."""
    with psycopg.connect(url) as connection:
        (site_key,) = connection.execute(
            "INSERT INTO site (site, name) VALUES (%s, %s) "
            "ON CONFLICT (site) DO UPDATE SET name = excluded.name RETURNING site_key",
            [site, site.title()],
        ).fetchone()
        (gateway_key,) = connection.execute(
            "INSERT INTO gateway (gateway, site_key, public_key) VALUES (%s, %s, sha256(%s)) "
            "RETURNING gateway_key",
            [gateway, site_key, gateway.encode()],
        ).fetchone()
    return Sender(site_key=site_key, site=site, gateway_key=gateway_key)
