"""One run of the job: what came late, then what is new."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.database.engine import Connection, Database
from collector.database.rollups.panels import (
    ContinuousAggregates,
    PanelAggregates,
    Tables,
    late_horizon,
)
from collector.database.rollups.retention import Retention
from collector.database.rollups.spans import DAY, HOUR, MINUTE, Span, floor, parameters, widened
from collector.database.rollups.statements import (
    SITE_COLUMNS,
    load,
    run,
    upsert,
    with_spans,
)
from collector.database.sun import LEAST_SHARE, LEAST_W_M2

LAG: Final = timedelta(seconds=5)
"""How long after a minute's end most of its readings have come."""
PANEL_HOURS: Final = 500.0
"""How much late work is one transaction."""
_LOCK: Final = 0x48_45_4C_52
_PROGRESS: Final = "SELECT minutes_until, hours_until, days_until, reaches FROM rollup.progress"
_ADVANCE: Final = """
UPDATE rollup.progress
SET minutes_until = %(minutes)s, hours_until = %(hours)s, days_until = %(days)s
"""
_DONE: Final = """
DELETE FROM rollup.late
WHERE (site_key, hour) IN (SELECT * FROM unnest(%(sites)s::int4[], %(hours)s::timestamptz[]))
"""
_TAKE_TOUCHED: Final = load("take_touched")
_NEXT_LATE: Final = load("next_late")
_NEXT_READING: Final = load("next_reading")
_SITE_NOW: Final = load("site_now")
_NOT_AS_OF_NOW: Final = """
UPDATE rollup.site_now SET as_of = as_of - INTERVAL '1 microsecond' WHERE site_key = ANY(%(sites)s)
"""
_SUN_DUE: Final = load("site_sun", due=load("sun_due"))
_SUN_AGAIN: Final = with_spans(load("site_sun", due=load("sun_again")))
_SUN: Final = {"least_w_m2": LEAST_W_M2, "least_share": LEAST_SHARE}
_DAYS_AT_ONCE: Final = 50
_SITES: Final = {
    "1h": with_spans(
        upsert(
            "rollup.site_1h",
            columns=SITE_COLUMNS,
            select=load("site_longer", width="1 hour", below="rollup.site_1m"),
        )
    ),
    "1d": with_spans(
        upsert(
            "rollup.site_1d",
            columns=SITE_COLUMNS,
            select=load("site_longer", width="1 day", below="rollup.site_1h"),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far aggregates are in tables, UTC; each is the end of the last one that is."""

    minutes: datetime
    """Minutes,"""
    hours: datetime
    """hours,"""
    days: datetime
    """days."""
    reaches: datetime | None
    """The newest reading that was heard of."""


async def roll_up(database: Database, *, now: datetime, retention: Retention) -> bool:
    """Do one step of what there is to do: late hours, and at most an hour of what is new.

    Only one program at a time does; the others find nothing to do.

    Args:
        database: Where to work.
        now: UTC.
        retention: How long readings are kept.

    Returns:
        Whether there is more to do at once.

    Raises:
        DatabaseError: The database is away or refuses; what was begun is taken back.
    """
    panels: PanelAggregates = Tables()
    if database.flavour.kind == "timescale":
        panels = ContinuousAggregates(raw_since=late_horizon(now, raw=retention.raw))
    async with _alone(database) as connection:
        if connection is None:
            return False
        work = _Work(connection, panels, panels.minutes)
        await run(connection, _TAKE_TOUCHED)
        progress = await work.progress()
        late = await work.late(progress)
        more = await work.new(progress, now=now) or late
        if not more:
            await run(connection, _SITE_NOW, now=now)
            await run(connection, _SUN_DUE, now=now, days=_DAYS_AT_ONCE, **_SUN)
        return more


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Connection | None]:
    """Yield a connection that commits each statement; None when another program has the work."""
    async with database.at_once() as connection:
        ((got,),) = await run(connection, "SELECT pg_try_advisory_lock(%(lock)s)", lock=_LOCK)
        try:
            yield connection if got else None
        finally:
            if got and not connection.closed:
                await run(connection, "SELECT pg_advisory_unlock(%(lock)s)", lock=_LOCK)


@dataclass(frozen=True, slots=True)
class _Work:
    connection: Connection
    panels: PanelAggregates
    minutes: str

    async def progress(self) -> Progress:
        ((minutes, hours, days, reaches),) = await run(self.connection, _PROGRESS)
        return Progress(minutes, hours, days, reaches)

    async def late(self, progress: Progress) -> bool:
        """Aggregate some late hours anew, the newest first; tell whether there were any."""
        found = await run(self.connection, _NEXT_LATE, panel_hours=PANEL_HOURS)
        if not found:
            return False
        minutes = [
            Span(site, first, min(last, progress.minutes))
            for site, _, first, last in found
            if first < progress.minutes
        ]
        await self._redo(minutes, progress=progress)
        sites, hours = [row[0] for row in found], [row[1] for row in found]
        await run(self.connection, _DONE, sites=sites, hours=hours)
        return True

    async def _redo(self, minutes: Sequence[Span], *, progress: Progress) -> None:
        levels = {
            "1m": minutes,
            "1h": widened(minutes, width=HOUR, until=progress.hours),
            "1d": widened(minutes, width=DAY, until=progress.days),
        }
        for level, spans in levels.items():
            if spans:
                await self.panels.redo(self.connection, level=level, spans=spans)
                await self._sites(level, spans)
        if minutes:
            await run(self.connection, _SUN_AGAIN, **parameters(minutes), **_SUN)
            sites = sorted({span.site_key for span in minutes})
            await run(self.connection, _NOT_AS_OF_NOW, sites=sites)

    async def _sites(self, level: str, spans: Sequence[Span]) -> None:
        statement = _SITES.get(level) or with_spans(
            upsert(
                "rollup.site_1m",
                columns=SITE_COLUMNS,
                select=load("site_minutes", below=self.minutes),
            )
        )
        await run(self.connection, statement, **parameters(spans))

    async def new(self, before: Progress, *, now: datetime) -> bool:
        """Aggregate what is new, at most an hour of it; tell whether there is more."""
        if before.reaches is None:
            return False
        target = min(floor(now - LAG, MINUTE), floor(before.reaches, MINUTE) + MINUTE)
        if target <= before.minutes:
            return False
        reached = await self._reached(before, target=target)
        # Catching up, hours and days wait for the last minute: TimescaleDB makes them of minutes,
        # and those that are not kept yet it makes of all readings since, each time anew.
        done = reached if reached == target else before.hours
        after = Progress(
            reached,
            max(floor(done, HOUR), before.hours),
            max(floor(done, DAY), before.days),
            before.reaches,
        )
        everywhere = [site for (site,) in await run(self.connection, "SELECT site_key FROM site")]
        for level, first, last in (
            ("1m", before.minutes, after.minutes),
            ("1h", before.hours, after.hours),
            ("1d", before.days, after.days),
        ):
            if first < last:
                await self.panels.advance(self.connection, level=level, first=first, last=last)
                await self._sites(level, [Span(site, first, last) for site in everywhere])
        await run(
            self.connection, _ADVANCE, minutes=after.minutes, hours=after.hours, days=after.days
        )
        return reached < target

    async def _reached(self, before: Progress, *, target: datetime) -> datetime:
        """Return how far to go: an hour, or to where the next readings are."""
        if target - before.minutes <= HOUR:
            return target
        ((next_,),) = await run(self.connection, _NEXT_READING, since=before.minutes)
        if next_ is None:
            return target
        return min(target, max(floor(before.minutes, HOUR) + HOUR, floor(next_, HOUR)))
