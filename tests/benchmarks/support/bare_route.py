"""The least that answers over HTTP with a panel's hours: their SQL, SQLAlchemy and Litestar alone.

Arguments: the database's URL, a port of 127.0.0.1. It asks nobody who they are and checks nothing.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import uvicorn
from litestar import Litestar, get
from sqlalchemy import text

from collector.database.engine import open_database
from collector.queries.readings import Bucket
from programs.waiting import accepts, free_port, wait_until

PATH = "/hours"
SQL = """
SELECT bucket,
       power_sum_mw / nullif(power_samples, 0)::float8 / 1000,
       power_max_mw / 1000::float8,
       power_min_mw / 1000::float8,
       temperature_sum_mc / nullif(temperature_samples, 0)::float8 / 1000,
       voltage_sum_mv / nullif(voltage_samples, 0)::float8 / 1000,
       current_sum_ma / nullif(current_samples, 0)::float8 / 1000,
       energy_wh,
       samples,
       covered_seconds / 3600::float8
FROM reading_1h
WHERE panel_key = {key} AND bucket >= {start} AND bucket < {end}
ORDER BY bucket DESC
"""
"""The hours of a panel, all that the answer has of them."""
_STATEMENT = text(SQL.format(key=":key", start=":start", end=":end"))


def bare_app(url: str) -> Litestar:
    """Return the application of this one route."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_database(url) as app.state.database:
            yield

    @get(PATH)
    async def hours(key: int, start: datetime, end: datetime) -> list[Bucket]:
        values = {"key": key, "start": start, "end": end}
        async with route.state.database.engine.connect() as connection:
            rows = (await connection.execute(_STATEMENT, values)).all()
        return [Bucket("PANEL-0001", *row) for row in rows]

    route = Litestar([hours], lifespan=[lifespan], logging_config=None, openapi_config=None)
    return route


@contextmanager
def served(url: str) -> Iterator[str]:
    """Serve the route in a process of its own, as the collector is one; yields its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, url, str(port)])
    try:
        wait_until(lambda: accepts(port), what="the bare route answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    uvicorn.run(bare_app(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False)
