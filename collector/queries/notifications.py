"""Routes of notifications, and what is due on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import DatabaseRefusedError, ProblemError
from collector.queries.sites import find_site
from shared.alerts import Severity

MOST_AT_ONCE: Final = 500
"""How much one message is of at most."""


class NewRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell of what."""

    name: str
    """What it is called."""
    url: str
    """Where to; a secret."""
    severity: Severity
    """The least that is told."""
    sites: list[str] | None
    """Only of these; None for all."""
    alert_types: list[str] | None
    """Only these; None for all."""
    interval_seconds: int
    """At most one message in this time."""
    quiet_from: str | None
    """From this time of day, ``22:00``,"""
    quiet_to: str | None
    """to this, only what is critical is told."""
    timezone: str
    """In this IANA zone."""

    def __repr__(self) -> str:
        return f"NewRoute(name={self.name!r})"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route, as it is listed."""

    name: str
    """What it is called."""
    scheme: str
    """What kind of URL it has; the rest is a secret."""
    severity: Severity
    """The least that is told."""
    sites: list[str] | None
    """Only of these; null for all."""
    alert_types: list[str] | None
    """Only these; null for all."""
    interval_seconds: int
    """At most one message in this time."""
    quiet: str | None
    """When only what is critical is told."""
    waiting: int
    """What is still to be told."""
    given_up: int
    """What could not be told."""
    failures: int
    """How often it failed since it last did not."""
    last_sent_at: datetime | None
    """When a message was accepted last, UTC."""
    last_error: str | None
    """Why the last one was not, if it was not."""


class Leased(msgspec.Struct, frozen=True, kw_only=True):
    """A route that is this process's for a while."""

    route_key: int
    """Its key."""
    name: str
    """What it is called."""
    url: str
    """Where to; a secret."""
    failures: int
    """How often it failed since it last did not."""
    is_quiet: bool
    """Whether only what is critical is told now."""

    def __repr__(self) -> str:
        return f"Leased(name={self.name!r})"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an alert and is to be told."""

    notification: int
    """Its key."""
    action: str
    """What happened."""
    severity: Severity
    """The severity then."""
    alert: int
    """The alert's number."""
    site: str
    """The site."""
    panel_id: str | None
    """The panel; None for the whole site."""
    title: str
    """One line for a person."""
    recommendation: str
    """What to do about it."""
    raised_at: datetime
    """When it began, UTC."""
    cleared_at: datetime | None
    """When it ended, UTC."""
    late: bool
    """Whether it arrived late."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with what is to be told."""

    waiting: int
    """What is still to be told, on all routes."""
    given_up: int
    """What could not be told for so long that nobody tries any more; of the last 30 days."""
    failing_routes: int
    """Routes whose last message was not accepted."""
    suppressed: int
    """Alerts that stand and call nobody, because they arrived late or during planned work."""


class _Key(msgspec.Struct, frozen=True):
    key: int


class _Url(msgspec.Struct, frozen=True):
    url: str


_ADD: Final = Statement.load("route_add", row=_Key)
_LIST: Final = Statement.load("route_list", row=Route)
_REMOVE: Final = Statement.load("route_remove", row=_Key)
_URL: Final = Statement.load("route_url", row=_Url)
_LEASE: Final = Statement.load("route_lease", row=Leased)
_DUE: Final = Statement.load("notification_due", row=Due)
_SENT: Final = Statement.load("notification_sent", row=_Key)
_FAILED: Final = Statement.load("notification_failed", row=_Key)
_STANDING: Final = Statement.load("notification_standing", row=Standing)
_PRUNE: Final = Statement.load("notification_prune", row=_Key)


async def add_route(database: Database, *, route: NewRoute, now: datetime) -> None:
    """Make a route; what happened before is not told by it.

    Raises:
        ProblemError: There is one of this name (409), or no such site (404).
    """
    keys = None
    if route.sites is not None:
        keys = [(await find_site(database, site=site)).site_key for site in route.sites]
    values = msgspec.structs.asdict(route)
    del values["sites"]
    try:
        await _ADD.all(database, **values, site_keys=keys, now=now)
    except DatabaseRefusedError as error:
        raise ProblemError(
            f"there is a route {route.name!r} already; remove that first",
            status=409,
            title="name taken",
        ) from error


async def list_routes(database: Database) -> list[Route]:
    """Return all routes, without where to."""
    return await _LIST.all(database)


async def remove_route(database: Database, *, name: str) -> None:
    """Delete a route, and what it had still to tell.

    Raises:
        ProblemError: There is no such route.
    """
    if await _REMOVE.first(database, name=name) is None:
        raise _unknown(name)


async def url_of(database: Database, *, name: str) -> str:
    """Return where a route leads to, which is a secret.

    Raises:
        ProblemError: There is no such route.
    """
    found = await _URL.first(database, name=name)
    if found is None:
        raise _unknown(name)
    return found.url


async def lease_route(database: Database, *, now: datetime, until: datetime) -> Leased | None:
    """Take a route on which something is due; None when there is none that is free."""
    return await _LEASE.first(database, now=now, until=until)


async def due(database: Database, *, route: Leased, now: datetime) -> list[Due]:
    """Return what is due on a route, in order."""
    return await _DUE.all(
        database, route=route.route_key, quiet=route.is_quiet, now=now, limit=MOST_AT_ONCE
    )


async def note_sent(
    database: Database, *, route: Leased, due: Sequence[Due], now: datetime
) -> None:
    """Note what was told, and leave the route to whoever comes next."""
    keys = [one.notification for one in due]
    await _SENT.all(database, route=route.route_key, keys=keys, now=now)


async def note_failure(
    database: Database, *, route: Leased, why: str, again_at: datetime, give_up_before: datetime
) -> None:
    """Note that a message was not accepted; what is due for too long is given up."""
    await _FAILED.all(
        database,
        route=route.route_key,
        why=why,
        again_at=again_at,
        give_up_before=give_up_before,
    )


async def standing(database: Database) -> Standing:
    """Return how it stands with what is to be told."""
    found = await _STANDING.first(database)
    assert found is not None  # noqa: S101 - a SELECT without FROM has one row
    return found


async def prune(database: Database, *, before: datetime) -> None:
    """Delete what was told, or given up, before a moment."""
    await _PRUNE.all(database, before=before)


def _unknown(name: str) -> ProblemError:
    return ProblemError(
        f"there is no route {name!r}; `collector notify list` lists them",
        status=404,
        title="unknown route",
    )
