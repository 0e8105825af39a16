"""What a series can be of, and the statements that ask for it."""

from dataclasses import dataclass
from typing import Final

import msgspec

from collector.database.statements import Statement
from collector.queries.intervals import LOCAL_DAY, Grid

LEVELS: Final = ("1m", "1h", "1d")


class Point(msgspec.Struct, frozen=True):
    """A bucket of one metric."""

    t: int
    """Its beginning in seconds since 1970."""
    avg: float | None
    """The mean, or the sum."""
    min: float | None
    """The lowest."""
    max: float | None
    """The highest."""
    coverage: float | None
    """The share of it with readings."""


class PanelPoint(Point, frozen=True):
    """A bucket of one metric of a panel."""

    panel_key: int
    """The panel's number in the database."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a series can be of; statements are by level and kind of bucket, as `key_of` says."""

    unit: str
    """Its unit."""
    site: dict[str, Statement[Point]]
    """Of a whole site; empty where that has no meaning."""
    panels: dict[str, Statement[PanelPoint]]
    """Of single panels; empty for what only sites have."""
    siblings: dict[str, Statement[Point]]
    """The median of some panels."""


_WIDTH: Final = "time_bucket(make_interval(secs => :seconds), {time})"
_DAY: Final = "date_trunc('day', {time}, CAST(:timezone AS text))"
_NOW: Final = "CAST(:now AS timestamptz)"
_ELAPSED: Final = (
    f"least(CAST(:seconds AS double precision), date_part('epoch', {_NOW} - {{bucket}}))"
)
_DAY_ELAPSED: Final = (
    "date_part('epoch', least((({bucket} AT TIME ZONE CAST(:timezone AS text)) + INTERVAL '1 day')"
    f" AT TIME ZONE CAST(:timezone AS text), {_NOW}) - {{bucket}})"
)
_FLOAT: Final = "::double precision"


def key_of(grid: Grid) -> str:
    """Return which of a metric's statements a grid needs."""
    return grid.source + (LOCAL_DAY if grid.interval == LOCAL_DAY else "")


def _parts(time: str) -> dict[str, dict[str, str]]:
    """Return, for each kind of bucket, what the statements name it by."""
    width, day = _WIDTH.format(time=time), _DAY.format(time=time)
    return {
        "": {"bucket": width, "elapsed": _ELAPSED.format(bucket=width)},
        LOCAL_DAY: {"bucket": day, "elapsed": _DAY_ELAPSED.format(bucket=day)},
    }


def _mean(quantity: str, unit: str) -> str:
    return (
        f"sum({quantity}_sum_{unit}){_FLOAT} / nullif(sum({quantity}_samples), 0){_FLOAT} / 1000.0"
    )


def _all(
    name: str, *, row: type[Point], expressions: tuple[str, str, str]
) -> dict[str, Statement[Point]]:
    average, least, most = expressions
    return {
        level + kind: Statement.load(
            name, row=row, level=level, average=average, least=least, most=most, **parts
        )
        for level in LEVELS
        for kind, parts in _parts("bucket").items()
    }


def _of_panels(
    unit: str,
    *,
    panels: tuple[str, str, str],
    site: tuple[str, str, str] | None = None,
) -> Metric:
    return Metric(
        unit,
        {} if site is None else _all("series_of_site", row=Point, expressions=site),
        _all("series_of_panels", row=PanelPoint, expressions=panels),  # type: ignore[arg-type]
        _all("series_of_siblings", row=Point, expressions=panels),
    )


def _of_site(table: str, *, column: str, unit: str) -> Metric:
    statements = {
        kind: Statement.load(
            "series_site", row=Point, table=table, column=column, bucket=parts["bucket"]
        )
        for kind, parts in _parts("time").items()
    }
    by_key = {level + kind: one for level in LEVELS for kind, one in statements.items()}
    return Metric(unit, by_key, {}, {})


_MEAN_TEMPERATURE: Final = _mean("temperature", "mc")
_OWN_TEMPERATURE: Final = f"temperature_sum_mc / nullif(temperature_samples, 0){_FLOAT} / 1000.0"
_NOTHING: Final = f"NULL{_FLOAT}"

METRICS: Final = {
    "power": _of_panels(
        "W",
        site=(
            "sum(power_sum_mw) / nullif(sum(minutes), 0)::double precision / 1000.0",
            "min(power_min_mw) / 1000.0",
            "max(power_max_mw) / 1000.0",
        ),
        panels=(
            _mean("power", "mw"),
            f"min(power_min_mw) / 1000.0{_FLOAT}",
            f"max(power_max_mw) / 1000.0{_FLOAT}",
        ),
    ),
    "energy": _of_panels(
        "Wh",
        site=("sum(energy_wh)",) * 3,
        panels=("sum(energy_wh)",) * 3,
    ),
    "temperature": _of_panels(
        "Cel",
        site=(_MEAN_TEMPERATURE, f"min({_OWN_TEMPERATURE})", f"max({_OWN_TEMPERATURE})"),
        panels=(
            _MEAN_TEMPERATURE,
            f"min(temperature_min_mc) / 1000.0{_FLOAT}",
            f"max(temperature_max_mc) / 1000.0{_FLOAT}",
        ),
    ),
    "voltage": _of_panels("V", panels=(_mean("voltage", "mv"), _NOTHING, _NOTHING)),
    "current": _of_panels("A", panels=(_mean("current", "ma"), _NOTHING, _NOTHING)),
    "irradiance": _of_site("weather", column="irradiance_mw_m2", unit="W/m2"),
    "ambient_temperature": _of_site("weather", column="ambient_mc", unit="Cel"),
    "wind": _of_site("weather", column="wind_mm_s", unit="m/s"),
    "load": _of_site("meter", column="load_mw", unit="W"),
    "grid": _of_site("meter", column="grid_mw", unit="W"),
    "battery": _of_site("meter", column="battery_mw", unit="W"),
    "battery_soc": _of_site("meter", column="battery_soc_thousandths", unit="1"),
}
"""Name to what a series can be of."""
OF_SITES: Final = tuple(name for name, metric in METRICS.items() if metric.site)
OF_PANELS: Final = tuple(name for name, metric in METRICS.items() if metric.panels)
