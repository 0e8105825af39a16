"""The fleet at a glance: every site by what its aggregates say."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.sites import OpenAlerts


class FleetSite(msgspec.Struct, frozen=True, kw_only=True):
    """A site as of its newest whole minute."""

    site: str
    """Its id."""
    name: str
    """Its name for people."""
    latitude: float | None
    """Degrees north."""
    longitude: float | None
    """Degrees east."""
    timezone: str
    """The IANA zone in which its days begin and end."""
    panel_count: int
    """Panels that are known."""
    rated_kwp: float | None
    """Rated power of all panels in kWp, as far as it is known."""
    power_watts: float | None
    """Mean power of its newest whole minute, in watts; null when that is over five minutes old."""
    power_at: datetime | None
    """The beginning of that minute, UTC."""
    energy_today_wh: float | None
    """Energy since local midnight in Wh; null when there was no reading."""
    energy_yesterday_wh: float | None
    """Energy of the local day before in Wh; null when there was no reading."""
    specific_yield_yesterday_kwh_per_kwp: float | None
    """Yesterday's energy per rated power; null when the rated power is not known."""
    completeness_today: float | None
    """The share of panel-minutes since local midnight with readings, 0 to 1."""
    completeness_yesterday: float | None
    """The share of yesterday's panel-minutes with readings, 0 to 1."""
    availability_yesterday: float | None
    """Of yesterday's hours in sun, the share in which its panels produced, each by its rated power,
    0 to 1, as `collector.queries.availability` has it; null until the day's hours are known."""
    open_alerts: OpenAlerts
    """Alerts that are not resolved."""
    gateways: int
    """Gateways that are not revoked."""
    gateways_silent: int
    """Those not heard for 15 minutes."""
    gateways_behind: int
    """Those that said last that readings wait in their outbox."""
    gateway_last_seen_at: datetime | None
    """When one of them was heard last, UTC."""


_FLEET: Final = Statement.load("fleet", row=FleetSite)


async def list_fleet(
    database: Database, *, now: datetime, limit: int, after: str = ""
) -> list[FleetSite]:
    """Return sites, ordered by id.

    Args:
        database: Where to look.
        now: UTC.
        limit: How many at most.
        after: The id after which to begin.
    """
    return await _FLEET.all(database, now=now, limit=limit, after=after)
