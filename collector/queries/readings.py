"""A panel's readings: raw ones, or buckets made of the aggregate that fits."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.panels import FoundPanel

INTERVALS: Final = {
    "1m": 60,
    "5m": 300,
    "10m": 600,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "2h": 7_200,
    "3h": 10_800,
    "6h": 21_600,
    "12h": 43_200,
    "1d": 86_400,
}
"""The widths of buckets, in seconds."""
_HOUR: Final = 3_600
_DAY: Final = 86_400
_FIRST_BUCKET: Final = datetime(2000, 1, 3, tzinfo=UTC)


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
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


class RawReading(msgspec.Struct, frozen=True, kw_only=True):
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


class Period(msgspec.Struct, frozen=True):
    """A period of time, `[start, end)`, UTC."""

    start: datetime
    """Its first moment."""
    end: datetime
    """The first moment after it."""

    def widened(self, seconds: int) -> "Period":
        """Return the period that begins with the bucket in which this one begins."""
        return Period(bucket_start(self.start, seconds=seconds), self.end)

    def buckets(self, seconds: int) -> int:
        """Return how many buckets of a width it touches."""
        whole = self.widened(seconds)
        return -(-(whole.end - whole.start) // timedelta(seconds=seconds))


_SOURCES: Final = ("reading_1m", "reading_1h", "reading_1d")
_BUCKETS: Final = {
    source: Statement.load("readings", row=Bucket, source=source) for source in _SOURCES
}
_RAW: Final = Statement.load("readings_raw", row=RawReading)


def bucket_start(moment: datetime, *, seconds: int) -> datetime:
    """Return the beginning of the bucket a moment is in, as `time_bucket` counts."""
    return moment - (moment - _FIRST_BUCKET) % timedelta(seconds=seconds)


def source_of(seconds: int) -> str:
    """Return the coarsest aggregate of which buckets of a width can be made."""
    if seconds % _HOUR:
        return "reading_1m"
    return "reading_1h" if seconds % _DAY else "reading_1d"


async def list_buckets(
    database: Database, *, panel: FoundPanel, period: Period, seconds: int, now: datetime
) -> list[Bucket]:
    """Return the buckets of a panel that overlap a period, the newest first.

    Args:
        database: Where to look.
        panel: The panel.
        period: The period.
        seconds: The width, one of `INTERVALS`.
        now: UTC; the bucket it is in counts as covered so far.
    """
    whole = period.widened(seconds)
    return await _BUCKETS[source_of(seconds)].all(
        database,
        panel_id=panel.panel_id,
        panel_key=panel.panel_key,
        start=whole.start,
        end=whole.end,
        seconds=seconds,
        now=now,
    )


async def list_raw(
    database: Database, *, panel: FoundPanel, period: Period, limit: int
) -> list[RawReading]:
    """Return at most ``limit`` readings of a panel in a period, the newest first."""
    return await _RAW.all(
        database,
        panel_id=panel.panel_id,
        panel_key=panel.panel_key,
        start=period.start,
        end=period.end,
        limit=limit,
    )
