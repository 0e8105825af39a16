"""How well a panel did each day: against the sun if that is measured, else its siblings."""

from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.availability import SunDay, sun_days
from collector.queries.intervals import Period
from collector.queries.panels import MAX_SIBLINGS, FoundPanel
from collector.queries.zones import day_start, source_of_days

MIN_INSOLATION_WH_M2: Final = 20.0
"""With less sun than this in a day, a ratio to it is noise."""
POWER_PER_KELVIN: Final = -0.0035
"""What the power of crystalline silicon loses with each kelvin above 25 °C."""
MIN_SHARED: Final = 0.5
"""The share of a panel's covered time for which there must be irradiance."""
_STEPS: Final = {"reading_1h": 3_600, "reading_1m": 900}


class EfficiencyDay(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's day, from local midnight to local midnight."""

    date: date
    """The day at the site."""
    efficiency_percentage: float | None
    """By `method`, in percent; null when it cannot be known."""
    method: Literal["performance_ratio", "peer_index"] | None
    """performance_ratio: energy per rated watt over insolation per 1,000 W/m2, where the site
    measures irradiance. peer_index: energy per rated watt over the median of its siblings, other
    panels of the same group."""
    corrected_percentage: float | None
    """The performance ratio as if the module had been at 25 °C, by -0.35 % per kelvin; null where
    the method is another or its temperature is not measured."""
    energy_wh: float | None
    """Energy in Wh; null when there was no reading."""
    specific_yield_kwh_per_kwp: float | None
    """Energy per rated power; null when the rated power is not known."""
    insolation_kwh_m2: float | None
    """Sun on the panel in kWh/m2 while it was covered; null when it is not measured."""
    peers: int
    """How many siblings it was compared with: of a large group, 50 from all over it."""
    availability_percentage: float | None
    """Technical availability: of the time in sun (50 W/m2 or more, measured or told by siblings)
    in which its power is known, the share in which it produced; null where none is known."""
    sun_hours: float
    """Time in sun, in hours; 0 too where neither irradiance nor siblings tell of it."""
    coverage: float
    """The share of the day so far, by minutes, for which there are readings: 0 to 1."""


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says about a panel's day."""

    date: date
    """The day at the site."""
    energy_wh: float | None
    """Energy in Wh."""
    covered_seconds: float
    """Time with readings."""
    elapsed_seconds: float
    """The length of the day so far."""
    insolation_energy_wh: float | None
    """Energy in Wh of the steps for which there is irradiance."""
    insolation_seconds: float
    """Covered time of those steps."""
    insolation_wh_m2: float | None
    """Insolation over that covered time in Wh/m2."""
    insolation_corrected_wh_m2: float | None
    """The same, each step by what its temperature leaves of the power."""
    peers: int
    """Siblings that cover at least 0.9 of what this panel covers."""
    peers_wh_per_watt: float | None
    """The siblings' median of energy per rated watt over the time this panel covers."""


_EFFICIENCY: Final = {
    source: Statement.load("efficiency", row=DayFigures, source=source) for source in _STEPS
}


async def list_efficiency(
    database: Database, *, panel: FoundPanel, days: int, now: datetime
) -> list[EfficiencyDay]:
    """Return the last local days of a panel, today's first.

    Args:
        database: Where to look.
        panel: The panel.
        days: How many, with today.
        now: UTC.
    """
    today = now.astimezone(ZoneInfo(panel.timezone)).date()
    first = today - timedelta(days=days - 1)
    start = day_start(first, timezone=panel.timezone)
    end = day_start(today + timedelta(days=1), timezone=panel.timezone)
    source = source_of_days([start, end])
    rows = await _EFFICIENCY[source].all(
        database,
        panel_key=panel.panel_key,
        site_key=panel.site_key,
        timezone=panel.timezone,
        first_day=first,
        last_day=today,
        start=start,
        end=end,
        step=_STEPS[source],
        now=now,
        per_kelvin=POWER_PER_KELVIN,
        siblings=MAX_SIBLINGS,
    )
    suns = await sun_days(database, panel=panel, days=(first, today), period=Period(start, end))
    return [judge(row, rated_watts=panel.rated_watts, sun=suns[row.date]) for row in rows]


def judge(figures: DayFigures, *, rated_watts: float | None, sun: SunDay) -> EfficiencyDay:
    """Judge one day by the best method there is for it."""
    rated = rated_watts if rated_watts and rated_watts > 0 else None
    method, efficiency = _efficiency(figures, rated_watts=rated)
    energy, insolation = figures.energy_wh, figures.insolation_wh_m2
    return EfficiencyDay(
        date=figures.date,
        efficiency_percentage=efficiency,
        method=method,
        corrected_percentage=_corrected(figures, efficiency=efficiency, method=method),
        energy_wh=energy,
        specific_yield_kwh_per_kwp=energy / rated if rated and energy is not None else None,
        insolation_kwh_m2=None if insolation is None else insolation / 1000.0,
        peers=figures.peers,
        availability_percentage=sun.percentage,
        sun_hours=sun.sun_seconds / 3600.0,
        coverage=min(figures.covered_seconds / figures.elapsed_seconds, 1.0),
    )


def _corrected(
    figures: DayFigures, *, efficiency: float | None, method: str | None
) -> float | None:
    plain, corrected = figures.insolation_wh_m2, figures.insolation_corrected_wh_m2
    if method != "performance_ratio" or efficiency is None or not plain or not corrected:
        return None
    return efficiency * plain / corrected


def _efficiency(
    figures: DayFigures, *, rated_watts: float | None
) -> tuple[Literal["performance_ratio", "peer_index"] | None, float | None]:
    if rated_watts is None or figures.energy_wh is None:
        return None, None
    sun, energy = figures.insolation_wh_m2, figures.insolation_energy_wh
    is_shared = figures.insolation_seconds >= MIN_SHARED * figures.covered_seconds
    if sun is not None and energy is not None and sun >= MIN_INSOLATION_WH_M2 and is_shared:
        return "performance_ratio", 100.0 * (energy / rated_watts) / (sun / 1000.0)
    if figures.peers_wh_per_watt is not None and figures.peers_wh_per_watt > 0:
        own = figures.energy_wh / rated_watts
        return "peer_index", 100.0 * own / figures.peers_wh_per_watt
    return None, None
