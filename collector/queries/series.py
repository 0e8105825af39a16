"""Series: one metric over time of a site or of its panels, as columns a chart takes as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from collector.database.engine import Database
from collector.queries.intervals import INTERVALS, LOCAL_DAY, Grid, Period, grid_of
from collector.queries.metrics import METRICS, Point, key_of
from collector.queries.panels import MAX_SIBLINGS, FoundPanel
from collector.queries.sites import FoundSite

_FEBRUARY_28: Final = 28


class Compare(StrEnum):
    """What a series can be compared with."""

    SIBLINGS = "siblings"
    """The median of panels of the same group that are not asked for: of a large one, of 50."""
    YESTERDAY = "yesterday"
    """The same times of the local day before."""
    LAST_YEAR = "last_year"
    """The same times of the same date a year before."""


class PanelColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's columns, with one value for each bucket."""

    panel_id: str
    """The panel."""
    avg: list[float | None]
    """The mean, or the sum where the metric is energy; null where there is nothing."""
    min: list[float | None]
    """The lowest, or the same sum where the metric is energy; null where there is nothing, or where
    it is not kept."""
    max: list[float | None]
    """The highest, or the same sum where the metric is energy; null where there is nothing, or
    where it is not kept."""
    coverage: list[float | None]
    """The share of minutes with readings, 0 to 1."""
    compare: list[float | None]
    """The mean of what it is compared with; empty when nothing was asked for."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of a site; all columns have one value for each bucket, the oldest first."""

    site: str
    """The site."""
    metric: str
    """What it is."""
    unit: str
    """The unit of `avg`, `min` and `max`."""
    interval: str
    """The width of the buckets."""
    start_time: datetime
    """The beginning of the first bucket, UTC."""
    end_time: datetime
    """The end of the period asked for, UTC."""
    t: list[int]
    """The beginning of each bucket, in seconds since 1970 UTC."""
    avg: list[float | None]
    """The mean, or the sum where the metric is energy; null where there is nothing. These four are
    of the whole site, and empty when single panels were asked for."""
    min: list[float | None]
    """The lowest value, of a minute where it is power, the same sum where it is energy; null where
    there is nothing."""
    max: list[float | None]
    """The highest value, of a minute where it is power, the same sum where it is energy; null where
    there is nothing."""
    coverage: list[float | None]
    """The share of panel-minutes with readings, 0 to 1; null for weather and meter."""
    compare: list[float | None]
    """The mean of what the site is compared with; empty when nothing was asked for."""
    panels: list[PanelColumns]
    """The panels that were asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a series is to be of."""

    site: FoundSite
    """The site."""
    metric: str
    """One of `METRICS`."""
    interval: str
    """One of `INTERVALS`, or `LOCAL_DAY`."""
    period: Period
    """When."""
    compare: Compare | None = None
    """With what."""

    def grid(self) -> Grid:
        """Return its buckets."""
        return grid_of(self.interval, period=self.period, timezone=self.site.timezone)

    def before(self) -> Grid:
        """Return the buckets of the time it is compared with."""
        zone = self.site.timezone
        start = _shifted(self.period.start, compare=self.compare, timezone=zone)
        length = self.period.end - self.period.start
        return grid_of(self.interval, period=Period(start, start + length), timezone=zone)

    def values(self, grid: Grid, *, now: datetime) -> dict[str, Any]:
        """Return the parameters of a statement."""
        width = (
            {"timezone": self.site.timezone}
            if self.interval == LOCAL_DAY
            else {"seconds": INTERVALS[self.interval]}
        )
        return {"start": grid.starts[0], "end": grid.end, "now": now, **width}


async def site_series(database: Database, *, question: Question, now: datetime) -> Series:
    """Return a metric of a site over a period, with null where there is nothing.

    Args:
        database: Where to look.
        question: Of what.
        now: UTC; the bucket it is in counts as covered so far.
    """
    grid = question.grid()
    points = await _of_site(database, question=question, grid=grid, now=now)
    compared: list[float | None] = []
    if question.compare is not None:
        before = question.before()
        earlier = await _of_site(database, question=question, grid=before, now=now)
        compared = _beside(grid, _column(before, earlier, "avg"))
    columns = {name: _column(grid, points, name) for name in ("avg", "min", "max", "coverage")}
    return _series(question, grid, compare=compared, panels=[], **columns)


async def panel_series(
    database: Database, *, question: Question, panels: Sequence[FoundPanel], now: datetime
) -> Series:
    """Return a metric of some panels of a site over a period; see `site_series`."""
    grid = question.grid()
    by_panel = await _of_panels(database, question=question, grid=grid, panels=panels, now=now)
    compared = await _compared(database, question=question, panels=panels, now=now)
    columns = [
        PanelColumns(
            panel_id=panel.panel_id,
            avg=_column(grid, by_panel.get(panel.panel_key, []), "avg"),
            min=_column(grid, by_panel.get(panel.panel_key, []), "min"),
            max=_column(grid, by_panel.get(panel.panel_key, []), "max"),
            coverage=_column(grid, by_panel.get(panel.panel_key, []), "coverage"),
            compare=_beside(grid, compared.get(panel.panel_key, [])),
        )
        for panel in panels
    ]
    return _series(question, grid, compare=[], panels=columns, avg=[], min=[], max=[], coverage=[])


async def _of_site(
    database: Database, *, question: Question, grid: Grid, now: datetime
) -> list[Point]:
    statement = METRICS[question.metric].site[key_of(grid)]
    values = question.values(grid, now=now)
    return await statement.all(database, site_key=question.site.site_key, **values)


async def _of_panels(
    database: Database,
    *,
    question: Question,
    grid: Grid,
    panels: Sequence[FoundPanel],
    now: datetime,
) -> dict[int, list[Point]]:
    statement = METRICS[question.metric].panels[key_of(grid)]
    keys = [panel.panel_key for panel in panels]
    values = question.values(grid, now=now)
    points = await statement.all(database, panel_keys=keys, **values)
    return {key: list(of_one) for key, of_one in groupby(points, key=lambda one: one.panel_key)}


async def _compared(
    database: Database, *, question: Question, panels: Sequence[FoundPanel], now: datetime
) -> dict[int, list[float | None]]:
    """Return by panel the column to compare with, as long as the grid or a bucket shorter."""
    if question.compare is None:
        return {}
    if question.compare is Compare.SIBLINGS:
        grid = question.grid()
        keys = [panel.panel_key for panel in panels]
        points = (
            await METRICS[question.metric]
            .siblings[key_of(grid)]
            .all(
                database,
                site_key=question.site.site_key,
                panel_keys=keys,
                siblings=MAX_SIBLINGS,
                **question.values(grid, now=now),
            )
        )
        return dict.fromkeys(keys, _column(grid, points, "avg"))
    before = question.before()
    earlier = await _of_panels(database, question=question, grid=before, panels=panels, now=now)
    return {
        panel.panel_key: _column(before, earlier.get(panel.panel_key, []), "avg")
        for panel in panels
    }


def _shifted(moment: datetime, *, compare: Compare | None, timezone: str) -> datetime:
    """Return the same time of the local day or year before."""
    local = moment.astimezone(ZoneInfo(timezone))
    if compare is Compare.LAST_YEAR:
        leap = local.month == 2 and local.day > _FEBRUARY_28  # noqa: PLR2004 - February
        day = _FEBRUARY_28 if leap else local.day
        return local.replace(year=local.year - 1, day=day).astimezone(UTC)
    return (local - timedelta(days=1)).astimezone(UTC)


def _column(grid: Grid, points: Iterable[Point], name: str) -> list[float | None]:
    at = {point.t: getattr(point, name) for point in points}
    return [at.get(second) for second in grid.seconds]


def _beside(grid: Grid, column: list[float | None]) -> list[float | None]:
    """Return a column of another time as long as the grid: by position, not by time."""
    if not column:
        return []
    length = len(grid.starts)
    return [*column[:length], *[None] * (length - len(column))]


def _series(question: Question, grid: Grid, **columns: Any) -> Series:  # noqa: ANN401 - its fields
    return Series(
        site=question.site.site,
        metric=question.metric,
        unit=METRICS[question.metric].unit,
        interval=question.interval,
        start_time=grid.starts[0],
        end_time=grid.end,
        t=grid.seconds,
        **columns,
    )
