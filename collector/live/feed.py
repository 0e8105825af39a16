"""Between the database and the hub: what this process stored goes out, what all did comes in."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from types import FrameType
from typing import Any, Final

import msgspec

from collector.batch import Outcome, Part
from collector.database.engine import Database
from collector.database.listening import MAX_PAYLOAD_BYTES, READINGS, listen, tell_readings
from collector.database.statements import Statement
from collector.errors import DatabaseError
from collector.live.hub import Event, Hub, Observer
from collector.live.summaries import Summary, pack, summarise, unpack
from collector.queries.live import Happened, events_after, newest_event

GATHER_SECONDS: Final = 0.1
"""What is stored within this time is told together."""
_RETRY_SECONDS: Final = 1.0
_CHUNK: Final = 1_000

_log: Final = logging.getLogger(__name__)


class _Site(msgspec.Struct, frozen=True):
    site_key: int
    site: str


_SITES: Final = Statement.load("site_names", row=_Site)


class Feed:
    """Tells all processes what this one stored; `run` has to run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[int, Summary] = {}
        self._names: dict[int, str] = {}
        self._wake = asyncio.Event()

    def stored(self, parts: Sequence[Part], outcomes: Sequence[Outcome], now: datetime) -> None:
        """Take note of what was committed."""
        for site, summary in summarise(parts, outcomes=outcomes, now=now).items():
            self._held[site] = summary.merged(self._held.get(site))
        if self._held:
            self._wake.set()

    async def run(self) -> None:
        """Tell what there is, a moment after it was stored, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            held, self._held = self._held, {}
            try:
                await self._tell(held)
            except DatabaseError as error:
                # Nothing is kept for later: the next readings tell of themselves.
                _log.debug("live readings were not told: %s", error)

    async def _tell(self, held: dict[int, Summary]) -> None:
        if unknown := [key for key in held if key not in self._names]:
            found = await _SITES.all(self._database, keys=unknown)
            self._names |= {row.site_key: row.site for row in found}
        named = {self._names[key]: one for key, one in held.items() if key in self._names}
        await tell_readings(self._database, list(pack(named, limit=MAX_PAYLOAD_BYTES)))


async def follow(database: Database, *, url: str, hub: Hub) -> None:
    """Pass on what any process tells, until cancelled."""
    begun = False
    async for told in listen(url):
        if told is None and not begun:
            begun = True
            hub.last = await _retried(lambda: newest_event(database))
        elif told is None or told[0] != READINGS:
            await _retried(lambda: _catch_up(database, hub=hub))
        else:
            for site, summary in unpack(told[1]):
                hub.tell_readings(site, summary)


async def _catch_up(database: Database, *, hub: Hub) -> int:
    while found := await events_after(database, number=hub.last, sites=None, limit=_CHUNK):
        for one in found:
            hub.tell(event_of(one))
    return hub.last


async def _retried(work: Callable[[], Any]) -> int:
    while True:
        try:
            number: int = await work()
        except DatabaseError as error:
            _log.warning("cannot read what happened: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return number


def event_of(one: Happened) -> Event:
    """Return a row as an event."""
    return Event(one.kind, one.site, one.body, one.event)


@contextlib.asynccontextmanager
async def open_live(
    database: Database, *, url: str, observer: Observer | None = None
) -> AsyncIterator[tuple[Hub, Feed]]:
    """Run the feed for as long as the context lasts; streams end when the process is told to.

    Args:
        database: For what is told and kept.
        url: The same database, for the one connection that listens.
        observer: Who is told how those who look on are served.
    """
    hub, feed = Hub(observer=observer), Feed(database)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(feed.run(), name="live-feed"),
            group.create_task(follow(database, url=url, hub=hub), name="live-follow"),
        ]
        try:
            with _before_signals(hub.end):
                yield hub, feed
        finally:
            hub.end()
            for task in tasks:
                task.cancel()


@contextlib.contextmanager
def _before_signals(end: Callable[[], None]) -> Iterator[None]:
    """Call something when the process is told to end, before whoever is told of it now.

    An open stream would otherwise hold up the web server's end.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)
