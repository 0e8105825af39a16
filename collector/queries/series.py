"""A site's series: one metric over time, as columns a chart takes as they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.readings import Period, source_of
from collector.queries.sites import FoundSite


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
    """The mean, or the sum where the metric is energy; null where there is nothing."""
    min: list[float | None]
    """The lowest value of a step of the aggregate; null where there is nothing."""
    max: list[float | None]
    """The highest value of a step of the aggregate; null where there is nothing."""
    coverage: list[float | None]
    """The share of panel-minutes with readings, 0 to 1; null for weather and meter."""


class _Point(msgspec.Struct, frozen=True):
    t: int
    avg: float | None
    min: float | None
    max: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Metric:
    """What a series can be of."""

    unit: str
    """Its unit."""
    statements: dict[str, Statement[_Point]]
    """For each aggregate, what asks for it."""


def _of_panels(metric: str, *, unit: str, average: str = "avg") -> Metric:
    return Metric(
        unit,
        {
            source: Statement.load(
                "series_panels", row=_Point, source=source, metric=metric, average=average
            )
            for source in ("reading_1m", "reading_1h", "reading_1d")
        },
    )


def _of_site(table: str, *, column: str, unit: str) -> Metric:
    statement = Statement.load("series_site", row=_Point, table=table, column=column)
    return Metric(unit, dict.fromkeys(("reading_1m", "reading_1h", "reading_1d"), statement))


METRICS: Final = {
    "power": _of_panels("power", unit="W"),
    "energy": _of_panels("energy", unit="Wh", average="sum"),
    "temperature": _of_panels("temperature", unit="Cel"),
    "irradiance": _of_site("weather", column="irradiance_mw_m2", unit="W/m2"),
    "ambient_temperature": _of_site("weather", column="ambient_mc", unit="Cel"),
    "wind": _of_site("weather", column="wind_mm_s", unit="m/s"),
    "load": _of_site("meter", column="load_mw", unit="W"),
    "grid": _of_site("meter", column="grid_mw", unit="W"),
    "battery": _of_site("meter", column="battery_mw", unit="W"),
    "battery_soc": _of_site("meter", column="battery_soc_thousandths", unit="1"),
}
"""Name to what a series can be of."""


async def site_series(
    database: Database,
    *,
    site: FoundSite,
    metric: str,
    interval: tuple[str, int],
    period: Period,
    now: datetime,
) -> Series:
    """Return a metric of a site over a period, with null where there is nothing.

    Args:
        database: Where to look.
        site: The site.
        metric: One of `METRICS`.
        interval: The width of the buckets: its name, and in seconds.
        period: The period.
        now: UTC; the bucket it is in counts as covered so far.
    """
    name, seconds = interval
    whole = period.widened(seconds)
    points = (
        await METRICS[metric]
        .statements[source_of(seconds)]
        .all(
            database,
            site_key=site.site_key,
            start=whole.start,
            end=whole.end,
            seconds=seconds,
            now=now,
        )
    )
    at = {point.t: point for point in points}
    first = round(whole.start.timestamp())
    grid = [first + number * seconds for number in range(period.buckets(seconds))]
    found = [at.get(t, _Point(t, None, None, None, None)) for t in grid]
    return Series(
        site=site.site,
        metric=metric,
        unit=METRICS[metric].unit,
        interval=name,
        start_time=whole.start,
        end_time=whole.end,
        t=grid,
        avg=[point.avg for point in found],
        min=[point.min for point in found],
        max=[point.max for point in found],
        coverage=[point.coverage for point in found],
    )
