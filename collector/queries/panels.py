"""Panels: those of a site with their newest readings, and finding one by its id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement, read
from collector.errors import ProblemError
from collector.queries.sites import FoundSite, Known, find_site, unknown
from collector.queries.zones import local_midnight, source_of_days
from shared.alerts import Severity

MAX_SIBLINGS: Final = 50
"""With how many of its group a panel is compared.

Where panels differ by 1 %, their median is within 0.5 % of that of 999, 99 times of 100."""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A panel, its newest reading and its day."""

    panel_id: str
    """Its id."""
    model: str | None
    """The module's model."""
    group: str | None
    """Panels of one group see the same sun; only they are compared."""
    rated_watts: float | None
    """Rated power in watts."""
    latitude: float | None
    """Degrees north."""
    longitude: float | None
    """Degrees east."""
    registered_at: datetime
    """When it was first heard of, UTC."""
    last_reading_at: datetime | None
    """The time of its newest reading, UTC; the values below are of then."""
    power_watts: float | None
    """Output power in watts."""
    voltage_volts: float | None
    """DC voltage in volts."""
    current_amperes: float | None
    """DC current in amperes."""
    temperature_celsius: float | None
    """Module temperature in degrees Celsius."""
    quality: int | None
    """Bits that say what was suspicious; 0 for nothing."""
    energy_today_wh: float | None
    """Energy since local midnight in Wh; null when there was no reading."""
    open_alerts: int
    """Alerts that are not resolved."""
    worst_severity: Severity | None
    """The worst of them."""


class FoundPanel(msgspec.Struct, frozen=True):
    """The keys to a panel."""

    panel_key: int
    """Its number in the database."""
    panel_id: str
    """Its id."""
    site_key: int
    """The number of its site."""
    site: str
    """The id of its site."""
    timezone: str
    """The IANA zone of its site."""
    rated_watts: float | None
    """Rated power in watts."""


_PANELS: Final = {
    source: Statement.load("panels", row=Panel, source=source)
    for source in ("reading_1m", "reading_1h")
}
_FIND: Final = Statement.load("panel_find", row=FoundPanel)
ASKED: Final = read("panel_asked")
"""The beginning of a statement on the panel that the parameters ``panel`` and ``site`` mean:
``asked`` has how many that are, and the ``panel_key`` if it is one."""
_IDS: Final = Statement.load("panel_ids", row=Known)


async def list_panels(
    database: Database,
    *,
    site: FoundSite,
    now: datetime,
    limit: int | None = None,
    after: str = "",
) -> list[Panel]:
    """Return the panels of a site, ordered by id.

    Args:
        database: Where to look.
        site: The site.
        now: UTC.
        limit: How many at most; None for all.
        after: The id after which to begin.
    """
    midnight = local_midnight(now, timezone=site.timezone)
    statement = _PANELS[source_of_days([midnight])]
    return await statement.all(
        database,
        site_key=site.site_key,
        midnight=midnight,
        now=now,
        limit=limit,
        after=after,
    )


async def find_panel(database: Database, *, panel: str, site: str | None) -> FoundPanel:
    """Return the keys to a panel.

    Args:
        database: Where to look.
        panel: Its id.
        site: The id of its site; needed when several sites have a panel of that id.

    Raises:
        ProblemError: There is no such site or panel (404, naming the nearest), or there are
            several (409).
    """
    found = await find_panels(database, panels=[panel], site=site)
    if len(found) > 1:
        sites = [each.site for each in found]
        raise ProblemError(
            f"panel {panel!r} is at the sites {', '.join(sites)}: say which by site=",
            status=409,
            title="ambiguous panel",
            extra={"sites": sites},
        )
    return found[0]


async def find_panels(
    database: Database, *, panels: Sequence[str], site: str | None
) -> list[FoundPanel]:
    """Return the keys to the panels of some ids, at least one of each, in the order of the ids.

    Args:
        database: Where to look.
        panels: The ids.
        site: The id of the only site to look at; None for all.

    Raises:
        ProblemError: There is no such site or panel; the nearest ids are named.
    """
    found = await _FIND.all(database, panels=list(panels), site=site)
    places = {panel: place for place, panel in enumerate(panels)}
    if missing := places.keys() - {each.panel_id for each in found}:
        if site is not None:
            await find_site(database, site=site)
        wanted = min(missing, key=places.__getitem__)
        raise unknown("panel", wanted=wanted, ids=await _IDS.all(database, site=site))
    return sorted(found, key=lambda each: places[each.panel_id])
