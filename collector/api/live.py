"""The stream of what happens, as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from typing import Annotated, Any, Final

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from collector.api.streams import PatientStream
from collector.database.engine import Database
from collector.live.feed import event_of
from collector.live.hub import Event, Hub, Watcher
from collector.problems import responses
from collector.queries.live import missed
from collector.queries.sites import find_site
from collector.refusals import bad_request
from collector.roles import OPTION, Access

SEND_SECONDS: Final = 10.0
"""Who takes nothing for so long is dropped."""
_MAX_SITES: Final = 100
_DIGITS: Final = 18

Sites = Annotated[
    str | None, QueryParameter(name="site", description="Only these sites; by commas.")
]
Readings = Annotated[
    str | None,
    QueryParameter(description="Readings only of these sites, by commas; empty for none."),
]
LastEventId = Annotated[
    str | None,
    QueryParameter(description="As the header Last-Event-ID, for who cannot send that."),
]


@get(
    "/",
    responses=responses(400, 401, 403, 404, 503),
    media_type="text/event-stream",
)
async def live(
    request: Request[Any, Any, Any],
    *,
    database: NamedDependency[Database],
    hub: NamedDependency[Hub],
    site: Sites = None,
    readings: Readings = None,
    last_event_id: LastEventId = None,
) -> PatientStream:
    """What happens, as it happens: `readings` of a site (at most two a second), `alert`, `gateway`.

    Events of alerts and gateways have an id; who comes back with the last one as `Last-Event-ID`
    is told what was missed, or, when that is too old or too much, `reset`: ask anew for what is
    shown. `heartbeat` comes after five seconds without anything else.
    """
    hub.refuse_if_full()
    sites = await _sites(database, name="site", text=site)
    # Empty is none of them: a page that lists alerts wants no readings.
    of = await _sites(database, name="readings", text=readings) if readings else None
    if readings is not None and of is None:
        of = frozenset()
    after = _number(request.headers.get("last-event-id") or last_event_id)
    watching = hub.watching(sites, readings=of)
    stream = _events(database, hub=hub, watching=watching, after=after)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return PatientStream(
        what="event stream",
        seconds=SEND_SECONDS,
        on_dropped=hub.note_dropped,
        iterator=stream,
        media_type="text/event-stream",
        headers=headers,
    )


async def _events(
    database: Database,
    *,
    hub: Hub,
    watching: AbstractContextManager[Watcher],
    after: int | None,
) -> AsyncGenerator[bytes, None]:
    with watching as watcher:
        yield b"retry: 2000\n\n"
        known = watcher.after
        if after is None:
            yield Event("ready", None, {}, known).encoded()
        else:
            for event in await _resumed(database, after=after, watcher=watcher):
                known = max(known, event.number or 0)
                yield event.encoded()
        for event in hub.newest(watcher):
            yield event.encoded()
        async for event in watcher.events():
            if event.number is None or event.number > known:
                yield event.encoded()


async def _resumed(database: Database, *, after: int, watcher: Watcher) -> list[Event]:
    found = await missed(database, number=after, sites=watcher.sites)
    if found is None:
        return [Event("reset", None, {}, watcher.after)]
    return [event_of(one) for one in found]


async def _sites(database: Database, *, name: str, text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    wanted = frozenset(text.split(","))
    if len(wanted) > _MAX_SITES:
        raise bad_request(f"{name} names {len(wanted)} sites, allowed are {_MAX_SITES}, or all")
    for one in sorted(wanted):
        await find_site(database, site=one)
    return wanted


def _number(text: str | None) -> int | None:
    """Return the number that a client saw last; one that is none of ours begins anew."""
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if is_number else -1


def live_router() -> Router:
    """Return the route of the event stream."""
    return Router("/api/live", route_handlers=[live], opt={OPTION: Access.VIEWER}, tags=["live"])
