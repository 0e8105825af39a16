"""A panel's readings: raw ones, or buckets made of the aggregate that fits."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from collector.database.engine import Database
from collector.database.rollups.statements import load
from collector.database.statements import Statement, read
from collector.queries.intervals import INTERVALS, Period, source_of
from collector.queries.panels import ASKED, find_panel


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """A panel over one interval, `[timestamp, timestamp + interval)`."""

    panel_id: str
    """The panel."""
    timestamp: datetime
    """The beginning of the interval, UTC."""
    avg_power: float | None
    """Mean output power in watts."""
    max_power: float | None
    """Highest output power in watts."""
    min_power: float | None
    """Lowest output power in watts."""
    avg_temperature: float | None
    """Mean module temperature in degrees Celsius."""
    avg_voltage: float | None
    """Mean DC voltage in volts."""
    avg_current: float | None
    """Mean DC current in amperes."""
    energy_wh: float | None
    """Energy in Wh: the mean power of each covered minute over that minute; nothing for gaps."""
    samples: int
    """How many readings there are."""
    coverage: float
    """The share of the interval so far, by minutes, for which there are readings: 0 to 1."""


class RawReading(msgspec.Struct, frozen=True, gc=False):
    """A reading as it was sent."""

    panel_id: str
    """The panel."""
    timestamp: datetime
    """When it was measured, UTC."""
    temperature_celsius: float | None
    """Module temperature in degrees Celsius."""
    voltage_volts: float | None
    """DC voltage in volts."""
    current_amperes: float | None
    """DC current in amperes, positive when the panel produces."""
    power_output_watts: float | None
    """Output power in watts, positive when the panel produces."""
    quality: int
    """Bits that say what was suspicious: 1 temperature, 2 voltage, 4 current, 8 power, 16 power
    is not voltage times current, 32 timed on arrival; 0 for nothing."""


class _BucketColumns(msgspec.Struct, frozen=True):
    panels: int
    timestamp: list[datetime]
    avg_power: list[float | None]
    max_power: list[float | None]
    min_power: list[float | None]
    avg_temperature: list[float | None]
    avg_voltage: list[float | None]
    avg_current: list[float | None]
    energy_wh: list[float | None]
    samples: list[int]
    coverage: list[float]


_KEPT: Final = (60, 3_600, 86_400)
_FLAVOURS: Final = ("plain", "timescale")


def _source(name: str, *, flavour: Literal["plain", "timescale"]) -> str:
    """Return what to select from for the rows of an aggregate.

    TimescaleDB knows what of it is materialised when it plans only where the view itself is named,
    and then needs half the time; for a panel's hours there is a function that needs less.
    """
    period = "CAST(:start AS timestamptz), CAST(:end AS timestamptz)"
    if flavour == "plain":
        return f"{name}_between({period})"
    if name == "reading_1h":
        return f"reading_1h_of((SELECT panel_key FROM asked), {period})"  # noqa: S608 - ours
    return name


def _buckets(seconds: int, *, flavour: Literal["plain", "timescale"]) -> Statement[_BucketColumns]:
    source = _source(source_of(seconds), flavour=flavour)
    if seconds in _KEPT:
        made = read("readings_kept", source=source)
    else:
        columns = load("longer_columns", width=f"{seconds} seconds")
        made = read("readings_wider", source=source, columns=columns)
    return Statement.load("readings", row=_BucketColumns, asked=ASKED, buckets=made)


_BUCKETS: Final = {
    (flavour, seconds): _buckets(seconds, flavour=flavour)
    for flavour in _FLAVOURS
    for seconds in INTERVALS.values()
}


async def list_buckets(
    database: Database,
    *,
    panel: str,
    site: str | None,
    period: Period,
    seconds: int,
    now: datetime,
) -> list[Bucket]:
    """Return the buckets of a panel that overlap a period, the newest first.

    Args:
        database: Where to look.
        panel: The panel's id.
        site: The id of its site; needed when several sites have a panel of that id.
        period: The period.
        seconds: The width, one of `INTERVALS`.
        now: UTC; the bucket it is in counts as covered so far.

    Raises:
        ProblemError: As `find_panel` says.
    """
    whole = period.widened(seconds)
    columns = await _BUCKETS[database.flavour.kind, seconds].first(
        database,
        panel=panel,
        site=site,
        start=whole.start,
        end=whole.end,
        seconds=seconds,
        now=now,
    )
    assert columns is not None  # noqa: S101 - an aggregate of everything has a row
    if columns.panels != 1:
        await find_panel(database, panel=panel, site=site)
    rows = zip(*msgspec.structs.astuple(columns)[1:], strict=True)
    return [Bucket(panel, *row) for row in rows]


class _RawColumns(msgspec.Struct, frozen=True):
    panels: int
    timestamp: list[datetime]
    temperature_celsius: list[float | None]
    voltage_volts: list[float | None]
    current_amperes: list[float | None]
    power_output_watts: list[float | None]
    quality: list[int]


_RAW: Final = Statement.load("readings_raw", row=_RawColumns, asked=ASKED)


async def list_raw(
    database: Database, *, panel: str, site: str | None, period: Period, limit: int
) -> list[RawReading]:
    """Return at most ``limit`` readings of a panel in a period, the newest first.

    Args:
        database: Where to look.
        panel: The panel's id.
        site: The id of its site; needed when several sites have a panel of that id.
        period: The period.
        limit: How many at most.

    Raises:
        ProblemError: As `find_panel` says.
    """
    columns = await _RAW.first(
        database, panel=panel, site=site, start=period.start, end=period.end, limit=limit
    )
    assert columns is not None  # noqa: S101 - an aggregate of everything has a row
    if columns.panels != 1:
        await find_panel(database, panel=panel, site=site)
    rows = zip(*msgspec.structs.astuple(columns)[1:], strict=True)
    return [RawReading(panel, *row) for row in rows]
