"""Bytes a reading takes in the database, all indexes counted: a simulated site's day at 1 Hz.

On TimescaleDB the day is in the columnstore, as it is there after two days. With
`HELIOGRAPH_TEST_DATABASE_URL` on that server, else on the embedded one.
"""

import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from collector.batch import Rows
from collector.database import copy
from figures import Figure, report
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from programs.postgres import postgres
from shared.readings import COLUMNS

PANELS = 100
HOURS = 24
REACH_BYTES = 10.0
PROMISE_BYTES = 1_000.0
COPY = f"COPY reading_raw ({', '.join(copy.COLUMNS)}) FROM STDIN (FORMAT binary)"


def main() -> int:
    """Store the day hour by hour; the figure is the table's size over its rows."""
    with (
        postgres() as server,
        server.database() as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        stored = fill(connection)
        flavour, size = size_of(connection)
    report(
        Figure(
            f"bytes stored per reading, simulated day, {flavour}",
            size / stored,
            *(
                (REACH_BYTES, "reach", 1.0)
                if flavour == "TimescaleDB"
                else (PROMISE_BYTES, "promise")
            ),
            at_most=True,
        )
    )
    return 0


def fill(connection: psycopg.Connection) -> int:
    """Store the simulated day; returns its rows."""
    simulation = Simulation(Site(name="bench", panels=PANELS, latitude=48.0, longitude=0.0, seed=1))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    keys = panel_keys(connection)
    stored = 0
    for hour in range(HOURS):
        start = midnight - timedelta(hours=HOURS - hour)
        readings = simulation.panels(start, seconds=3_600)
        columns = (getattr(readings, column) for column in COLUMNS[1:])
        rows = copy.order([Rows(keys[readings.panel], *columns)]).rows
        with connection.cursor() as cursor, cursor.copy(COPY) as stream:
            stream.write(copy.encode(rows))
        stored += len(readings)
    return stored


def panel_keys(connection: psycopg.Connection) -> np.ndarray:
    """Register the panels; returns their keys, in their order: ``(PANELS,)``, int32."""
    found = connection.execute(
        "WITH made AS (INSERT INTO site (site, name) VALUES ('bench', '') RETURNING site_key) "
        "INSERT INTO panel (site_key, panel) SELECT site_key, 'PANEL-' || n "
        "FROM made, generate_series(1, %s) AS n RETURNING panel_key",
        [PANELS],
    )
    return np.array([key for (key,) in found], np.int32)


def size_of(connection: psycopg.Connection) -> tuple[str, int]:
    """Return the flavour, and the bytes of the readings with their indexes."""
    flavour, size = "plain PostgreSQL", "pg_total_relation_size('reading_raw')"
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
        flavour, size = "TimescaleDB", "hypertable_size('reading_raw')"
        connection.execute("SELECT compress_chunk(c) FROM show_chunks('reading_raw') AS c")
    connection.execute("VACUUM ANALYZE reading_raw")
    (bytes_,) = connection.execute(f"SELECT {size}").fetchone()
    return flavour, bytes_


if __name__ == "__main__":
    sys.exit(main())
