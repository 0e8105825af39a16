"""Planned work: alerts raised meanwhile are muted."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.alerts import key_of
from collector.queries.intervals import Period
from collector.queries.panels import find_panel
from collector.queries.sites import find_site

MOST: Final = 1_000
"""How many windows are listed at most."""


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """A time of planned work at a site or at one of its panels."""

    id: int
    """Its number."""
    site: str
    """The site."""
    panel_id: str | None
    """The panel; null for the whole site."""
    starts: datetime = msgspec.field(name="from")
    """When it begins, UTC."""
    ends: datetime = msgspec.field(name="to")
    """When it ends, UTC, exclusive."""
    why: str
    """What is done."""
    created_at: datetime
    """When it was entered, UTC."""
    created_by: str
    """By whom."""


class _Key(msgspec.Struct, frozen=True):
    key: int


_CREATE: Final = Statement.load("maintenance_create", row=_Key)
_LIST: Final = Statement.load("maintenance_list", row=Maintenance)
_DELETE: Final = Statement.load("maintenance_delete", row=_Key)
_EVER: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def plan_maintenance(
    database: Database,
    *,
    place: tuple[str, str | None],
    period: Period,
    why: str,
    by: str,
    now: datetime,
) -> Maintenance:
    """Enter planned work.

    Args:
        database: Where it is kept.
        place: The site's id, and the panel's; None for the whole site.
        period: From when to when.
        why: What is done.
        by: Who says so.
        now: The collector's time, UTC.

    Raises:
        ProblemError: There is no such site or panel; the nearest ids are named.
    """
    site, panel = place
    site_key = (await find_site(database, site=site)).site_key
    panel_key = None
    if panel is not None:
        panel_key = (await find_panel(database, panel=panel, site=site)).panel_key
    made = await _CREATE.first(
        database,
        site_key=site_key,
        panel_key=panel_key,
        starts=period.start,
        ends=period.end,
        why=why,
        by=by,
        now=now,
    )
    assert made is not None  # noqa: S101 - it was inserted
    listed = await _LIST.all(database, since=_EVER, site=None, id=made.key, limit=1, **_after(None))
    return listed[0]


async def list_maintenance(
    database: Database,
    *,
    site: str | None,
    since: datetime,
    limit: int = MOST,
    after: tuple[datetime, int] | None = None,
) -> list[Maintenance]:
    """Return planned work that is not over before a moment, the earliest first.

    Args:
        database: Where to look.
        site: Only at this.
        since: The moment, UTC.
        limit: How many at most.
        after: When the last that is known begins, and its number.

    Raises:
        ProblemError: There is no such site; the nearest ids are named.
    """
    if site is not None:
        await find_site(database, site=site)
    return await _LIST.all(database, since=since, site=site, id=None, limit=limit, **_after(after))


def _after(after: tuple[datetime, int] | None) -> dict[str, datetime | int | None]:
    start, number = after or (None, None)
    return {"after_at": start, "after_id": number}


async def cancel_maintenance(database: Database, *, maintenance_id: int) -> None:
    """Delete planned work; what it muted and still lasts is told of within a minute.

    Raises:
        ProblemError: There is none of this number.
    """
    if await _DELETE.first(database, id=key_of(maintenance_id)) is None:
        raise ProblemError(
            f"there is no maintenance {maintenance_id}; /api/maintenance lists them",
            status=404,
            title="unknown maintenance",
        )
