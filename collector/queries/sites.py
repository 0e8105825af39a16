"""Sites: what the fleet page needs of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.refusals import not_found


class OpenAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts are not resolved, by severity."""

    info: int
    """Worth knowing."""
    low: int
    """When there is time."""
    medium: int
    """This week."""
    high: int
    """Today."""
    critical: int
    """Now."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site and how it does at this moment."""

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
    """Panels that have ever sent a reading or were announced."""
    panels_reporting: int
    """Panels whose newest reading is at most 2 minutes old."""
    rated_kwp: float | None
    """Rated power of all panels in kWp, as far as it is known."""
    power_watts: float | None
    """Power now: the sum over the panels that report; null when none does."""
    energy_today_wh: float | None
    """Energy since local midnight in Wh; null when there was no reading."""
    open_alerts: OpenAlerts
    """Alerts that are not resolved."""
    last_reading_at: datetime | None
    """The time of the newest reading, UTC."""
    gateway_last_seen_at: datetime | None
    """When one of its gateways was heard last, UTC."""


class FoundSite(msgspec.Struct, frozen=True):
    """The keys to a site."""

    site_key: int
    """Its number in the database."""
    site: str
    """Its id."""
    timezone: str
    """Its IANA zone."""


class Id(msgspec.Struct, frozen=True):
    """An id that is there."""

    id: str
    """The id."""


class Known(Id, frozen=True):
    """An id of the things of one kind that are there."""

    known: int
    """How many things that are, of this id and of others."""


_SITES: Final = Statement.load("sites", row=Site)
_FIND: Final = Statement.load("site_find", row=FoundSite)
_IDS: Final = Statement.load("site_ids", row=Known)
_CREATE: Final = Statement.load("site_create", row=FoundSite)


async def list_sites(
    database: Database,
    *,
    now: datetime,
    site: str | None = None,
    limit: int | None = None,
    after: str = "",
) -> list[Site]:
    """Return sites, ordered by id.

    Args:
        database: Where to look.
        now: UTC.
        site: Only this.
        limit: How many at most; None for all.
        after: The id after which to begin.
    """
    return await _SITES.all(database, now=now, site=site, limit=limit, after=after)


async def find_site(database: Database, *, site: str) -> FoundSite:
    """Return the keys to a site.

    Raises:
        ProblemError: There is no such site; the nearest ids are named.
    """
    found = await _FIND.first(database, site=site)
    if found is None:
        raise unknown("site", wanted=site, ids=await _IDS.all(database))
    return found


def unknown(kind: str, *, wanted: str, ids: Sequence[Known]) -> ProblemError:
    """Return the error for something that is not there, as `not_found` does."""
    count = ids[0].known if ids else 0
    return not_found(kind, wanted=wanted, known=[row.id for row in ids], count=count)


async def add_site(
    database: Database,
    *,
    site: str,
    name: str,
    timezone: str,
    place: tuple[float, float] | None,
) -> FoundSite | None:
    """Make a site; return None when there is one of this id already.

    Args:
        database: Where it is kept.
        site: Its id.
        name: Its name for people.
        timezone: An IANA zone.
        place: Latitude and longitude in degrees.
    """
    latitude, longitude = place or (None, None)
    return await _CREATE.first(
        database, site=site, name=name, timezone=timezone, latitude=latitude, longitude=longitude
    )
