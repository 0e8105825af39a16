"""Finding sites, gateways, panels and alerts by a few letters."""

import re
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement

_ALERT: Final = re.compile(r"#?([0-9]{1,18})")


class HitKind(StrEnum):
    """What was found."""

    SITE = "site"
    """A site, by its id or its name."""
    GATEWAY = "gateway"
    """A gateway, by its id."""
    PANEL = "panel"
    """A panel, by its id."""
    ALERT = "alert"
    """An alert, by its whole id."""


class Found(msgspec.Struct, frozen=True):
    """What the database has by a name."""

    kind: HitKind
    """What it is."""
    id: str
    """Its id."""
    site: str
    """The id of its site; a site's own."""
    label: str | None
    """A site's name, an alert's title."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found, and where it is shown."""

    kind: HitKind
    """What it is: site, gateway, panel or alert."""
    id: str
    """Its id."""
    site: str
    """The id of the site it belongs to; a site's own."""
    label: str | None
    """A site's name, an alert's title; null for others."""
    path: str
    """Its page in the console, as a path of this server."""


_SEARCH: Final = Statement.load("search", row=Found)


async def search(database: Database, *, text: str, limit: int) -> list[Hit]:
    """Return what goes by a name that holds a text, in any case.

    First what has exactly this name, then what begins with it, then the rest; among these sites,
    then gateways, panels and alerts. Of an alert the whole id counts.

    Args:
        database: Where to look.
        text: What to look for; ``alpha/003`` for panels of the sites that ``alpha`` finds.
        limit: How many at most.
    """
    place, _, panel = text.rpartition("/")
    number = _ALERT.fullmatch(text)
    found = await _SEARCH.all(
        database,
        text=text,
        place=place.strip(),
        panel=panel.strip(),
        alert=None if number is None else int(number[1]),
        limit=limit,
    )
    return [
        Hit(kind=one.kind, id=one.id, site=one.site, label=one.label, path=_path(one))
        for one in found
    ]


def _path(found: Found) -> str:
    match found.kind:
        case HitKind.SITE:
            return f"/sites/{quote(found.id, safe='')}"
        case HitKind.GATEWAY:
            return f"/gateways/{quote(found.id, safe='')}"
        case HitKind.PANEL:
            return f"/sites/{quote(found.site, safe='')}/panels/{quote(found.id, safe='')}"
        case HitKind.ALERT:
            return f"/alerts#alert-{found.id}"
