"""Many rows as one stream: read from the database as they are sent on, whatever their number."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Final

from collector.database.engine import Connection, Database, mapped_errors

BATCH_ROWS: Final = 20_000
"""How many rows are in memory at a time."""
_RAW: Final = """
       temperature_mc / 1000.0::double precision AS temperature_celsius,
       voltage_mv / 1000.0::double precision AS voltage_volts,
       current_ma / 1000.0::double precision AS current_amperes,
       power_mw / 1000.0::double precision AS power_output_watts,
       quality"""
_BUCKETS: Final = """
       power_sum_mw / nullif(power_samples, 0)::double precision / 1000.0 AS avg_power,
       power_min_mw / 1000.0::double precision AS min_power,
       power_max_mw / 1000.0::double precision AS max_power,
       temperature_sum_mc / nullif(temperature_samples, 0)::double precision / 1000.0
           AS avg_temperature,
       voltage_sum_mv / nullif(voltage_samples, 0)::double precision / 1000.0 AS avg_voltage,
       current_sum_ma / nullif(current_samples, 0)::double precision / 1000.0 AS avg_current,
       energy_wh, samples, covered_seconds"""
_RFC_3339: Final = """to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
SOURCES: Final = {
    "raw": ("reading_raw", "time", _RAW),
    "1m": ("reading_1m_between(%(start)s, %(end)s)", "bucket", _BUCKETS),
    "1h": ("reading_1h_between(%(start)s, %(end)s)", "bucket", _BUCKETS),
    "1d": ("reading_1d_between(%(start)s, %(end)s)", "bucket", _BUCKETS),
}
"""The intervals that can be exported: where they are, their time, their columns."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is exported."""

    interval: str
    """One of `SOURCES`."""
    start: datetime
    """From when, UTC."""
    end: datetime
    """Until when, exclusive, UTC."""
    site: str | None
    """The id of a site; None for all."""
    panels: list[str] | None
    """Ids of panels; None for all."""

    @property
    def statement(self) -> str:
        """Return the query."""
        return self._statement("{time}")

    @property
    def statement_of_texts(self) -> str:
        """Return the query with times as RFC 3339 in UTC, to the microsecond."""
        return self._statement(_RFC_3339)

    def _statement(self, moment: str) -> str:
        source, time, columns = SOURCES[self.interval]
        script = (resources.files("collector.database") / "export.sql").read_text(encoding="utf-8")
        return script.format(
            source=source, time=time, moment=moment.format(time=time), columns=columns
        )

    @property
    def values(self) -> dict[str, Any]:
        """Return its parameters."""
        return {
            "start": self.start,
            "end": self.end,
            "site": self.site,
            "panels": self.panels,
        }


class Export:
    """One reading of a selection: the count and the rows are of the same moment."""

    def __init__(self, connection: Connection, selection: Selection) -> None:
        self._connection = connection
        self._selection = selection

    async def count(self) -> int:
        """Return how many rows there are."""
        counting = f"SELECT count(*) FROM ({self._selection.statement}) AS counted"  # noqa: S608 - ours
        with mapped_errors():
            cursor = await self._connection.execute(
                counting.encode(), self._selection.values, prepare=False
            )
            ((rows,),) = await cursor.fetchall()
        return int(rows)

    async def csv(self) -> AsyncGenerator[bytes, None]:
        """Yield them as CSV with a heading."""
        query = self._selection.statement_of_texts
        copying = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true)"
        with mapped_errors():
            async with (
                self._connection.cursor() as cursor,
                cursor.copy(copying.encode(), self._selection.values) as stream,
            ):
                pending = bytearray()
                async for chunk in stream:
                    pending += chunk
                    if len(pending) > 1 << 16:
                        yield bytes(pending)
                        pending.clear()
                yield bytes(pending)

    async def batches(self) -> AsyncGenerator[tuple[list[str], list[tuple[Any, ...]]], None]:
        """Yield the names of the columns, and rows, some at a time; at least once."""
        with mapped_errors():
            async with self._connection.cursor(name="export") as cursor:
                await cursor.execute(self._selection.statement.encode(), self._selection.values)
                assert cursor.description is not None  # noqa: S101 - a query has columns
                names = [column.name for column in cursor.description]
                rows = await cursor.fetchmany(BATCH_ROWS)
                yield names, rows
                while rows:
                    rows = await cursor.fetchmany(BATCH_ROWS)
                    if rows:
                        yield names, rows


@asynccontextmanager
async def open_export(database: Database, selection: Selection) -> AsyncIterator[Export]:
    """Begin an export, in a transaction that sees one moment.

    Raises:
        DatabaseError: The database is away.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(database.begin())
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield Export(connection, selection)
