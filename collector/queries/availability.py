"""How much of the time in which there was sun a panel produced.

Technical availability (uptime) as in SolarPower Europe, "Operation & Maintenance Best Practice
Guidelines", chapter on key performance indicators:

    A = (T_useful - T_down) / T_useful

T_useful is the time in which the irradiance is above the least at which generators work; T_down
is that part of it in which this one gave nothing. Time of which nothing is known is in neither, as
IEC TS 63019 keeps "information unavailable" apart: `coverage` tells of it. Of several panels it is
the mean, each weighted by its rated power.
"""

from datetime import date
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.database.sun import LEAST_SHARE, LEAST_W_M2
from collector.queries.intervals import Period
from collector.queries.panels import FoundPanel

SUN_SIBLINGS: Final = 5
"""How many siblings tell of the sun where no irradiance is measured."""


class SunDay(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's time in sun on a day of its site."""

    date: date
    """The day at the site."""
    sun_seconds: float
    """Time with sun, in steps of five minutes."""
    known_seconds: float
    """The part of it in which its power is known."""
    producing_seconds: float
    """The part of that in which it produced."""

    @property
    def percentage(self) -> float | None:
        """Return the availability in percent; None where nothing is known."""
        return 100.0 * self.producing_seconds / self.known_seconds if self.known_seconds else None


_AVAILABILITY: Final = Statement.load("availability", row=SunDay)


async def sun_days(
    database: Database, *, panel: FoundPanel, days: tuple[date, date], period: Period
) -> dict[date, SunDay]:
    """Return a panel's time in sun by the days of its site.

    Args:
        database: Where to look.
        panel: The panel.
        days: The first and the last day.
        period: From the beginning of the first to the end of the last, UTC.
    """
    rated = panel.rated_watts if panel.rated_watts and panel.rated_watts > 0 else 0.0
    found = await _AVAILABILITY.all(
        database,
        panel_key=panel.panel_key,
        site_key=panel.site_key,
        timezone=panel.timezone,
        first_day=days[0],
        last_day=days[1],
        start=period.start,
        end=period.end,
        least_mw=max(1_000.0 * LEAST_SHARE * rated, 1.0),
        least_w_m2=LEAST_W_M2,
        siblings=SUN_SIBLINGS,
    )
    return {one.date: one for one in found}
