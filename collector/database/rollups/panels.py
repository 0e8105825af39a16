"""Panels' aggregates: tables of our own, or TimescaleDB's continuous aggregates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from collector.database.engine import Connection
from collector.database.rollups.spans import DAY, HOUR, MINUTE, Span, parameters
from collector.database.rollups.statements import (
    PANEL_COLUMNS,
    load,
    run,
    upsert,
    with_spans,
)

WIDTHS: Final = {"1m": MINUTE, "1h": HOUR, "1d": DAY}
_WIDTH_NAMES: Final = {"1h": "1 hour", "1d": "1 day"}
_BELOW: Final = {"1h": "1m", "1d": "1h"}
_MINUTES: Final = load("minutes", columns=load("minute_columns"))
_MINUTES_OF_ALL: Final = load("minutes_of_all", columns=load("minute_columns"))


def _longer(level: str, *, below: str) -> str:
    columns = load("longer_columns", width=_WIDTH_NAMES[level])
    return load("longer", columns=columns, below=below)


class PanelAggregates(Protocol):
    """What the two kinds have in common."""

    minutes: str
    """The table or view of minutes."""

    async def advance(
        self, connection: Connection, *, level: str, first: datetime, last: datetime
    ) -> None:
        """Aggregate a time of all panels to ``1m``, ``1h`` or ``1d`` for the first time."""

    async def redo(self, connection: Connection, *, level: str, spans: Sequence[Span]) -> None:
        """Aggregate spans anew."""


class Tables:
    """Aggregates in tables of our own, on PostgreSQL without TimescaleDB."""

    minutes = "rollup.minute"
    _TABLES: Final = {"1m": minutes, "1h": "rollup.hour", "1d": "rollup.day"}
    _REDO: Final = {
        level: with_spans(
            upsert(
                table,
                columns=PANEL_COLUMNS,
                select=_MINUTES if level == "1m" else _longer(level, below=below),
            )
        )
        for (level, table), below in zip(_TABLES.items(), ["", *_TABLES.values()], strict=False)
    }
    _ADVANCE: Final = upsert(minutes, columns=PANEL_COLUMNS, select=_MINUTES_OF_ALL)

    async def advance(
        self, connection: Connection, *, level: str, first: datetime, last: datetime
    ) -> None:
        """Aggregate a time of all panels for the first time."""
        if level == "1m":
            await run(connection, self._ADVANCE, first=first, last=last)
            return
        sites = await run(connection, "SELECT site_key FROM site")
        await self.redo(
            connection, level=level, spans=[Span(site, first, last) for (site,) in sites]
        )

    async def redo(self, connection: Connection, *, level: str, spans: Sequence[Span]) -> None:
        """Aggregate spans anew."""
        await run(connection, self._REDO[level], **parameters(spans))


_MATERIALIZATIONS: Final = """
SELECT view_name,
       format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)
FROM timescaledb_information.continuous_aggregates
WHERE view_schema = 'public' AND view_name = ANY(%(views)s)
"""


class ContinuousAggregates:
    """TimescaleDB's, refreshed where something changed instead of when their policy comes to it.

    A refresh makes a time anew from the readings that are there. Where they were deleted by age
    already that would empty it, so there late ones are put beside what is kept.
    """

    minutes = "rollup.minute"

    def __init__(self, *, raw_since: datetime) -> None:
        """Take the time from which on all raw readings are kept."""
        self._raw_since = raw_since

    async def advance(
        self, connection: Connection, *, level: str, first: datetime, last: datetime
    ) -> None:
        """Aggregate a time of all panels for the first time."""
        await self._refresh(connection, level=level, first=max(first, self._raw_since), last=last)

    async def redo(self, connection: Connection, *, level: str, spans: Sequence[Span]) -> None:
        """Aggregate spans anew."""
        for first, last in _joined([span for span in spans if span.first >= self._raw_since]):
            await self._refresh(connection, level=level, first=first, last=last)
        if old := [span for span in spans if span.first < self._raw_since]:
            await self._put_beside(connection, level=level, spans=old)

    async def _refresh(
        self, connection: Connection, *, level: str, first: datetime, last: datetime
    ) -> None:
        if last - first >= WIDTHS[level]:
            await run(
                connection,
                f"CALL refresh_continuous_aggregate('reading_{level}', %(first)s::timestamptz,"
                " %(last)s::timestamptz)",
                first=first,
                last=last,
            )

    async def _put_beside(
        self, connection: Connection, *, level: str, spans: Sequence[Span]
    ) -> None:
        views = [f"reading_{each}" for each in WIDTHS]
        tables = dict(await run(connection, _MATERIALIZATIONS, views=views))
        select = (
            _MINUTES if level == "1m" else _longer(level, below=tables[f"reading_{_BELOW[level]}"])
        )
        statement = load(
            "replace_if_fuller",
            names=", ".join(PANEL_COLUMNS),
            select=select,
            table=tables[f"reading_{level}"],
        )
        await run(connection, f"WITH {load('spans')}{statement}", **parameters(spans))


def _joined(spans: Sequence[Span]) -> list[tuple[datetime, datetime]]:
    """Return the times that spans of any site cover, joined where they meet."""
    joined: list[tuple[datetime, datetime]] = []
    for first, last in sorted((span.first, span.last) for span in spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def late_horizon(now: datetime, *, raw: timedelta) -> datetime:
    """Return the time from which on all raw readings are kept; chunks are of a day."""
    return now - raw + DAY
