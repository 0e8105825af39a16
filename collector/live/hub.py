"""Those who look on in this process, each with a bounded queue of what it has not been told yet."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Protocol

import msgspec

from collector.errors import ProblemError
from collector.live.summaries import Summary

MAX_CLIENTS: Final = 200
"""How many look on in one process."""
MAX_WAITING: Final = 500
"""How many events wait for one of them before it is dropped."""
PACE_SECONDS: Final = 0.5
"""A site's readings are told at most once in this time: an open page shows them within a second,
which `tests/benchmarks/live_event.py` measures."""
READINGS: Final = "readings"
"""The kind of event that says a site has new readings."""
HEARTBEAT_SECONDS: Final = 5.0
"""So long a stream is silent at most."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    kind: str
    """``readings``, ``alert`` or ``gateway``; or ``ready``, ``reset``, ``heartbeat``."""
    site: str | None
    """Where; None for all."""
    body: Any
    """What, as JSON says it."""
    number: int | None = None
    """Its place among what is kept; None for what is not."""

    def encoded(self) -> bytes:
        """Return it as a message of an event stream."""
        number = b"" if self.number is None else b"id: %d\n" % self.number
        return b"%sevent: %s\ndata: %s\n\n" % (
            number,
            self.kind.encode(),
            msgspec.json.encode(self.body),
        )


class Observer(Protocol):
    """Takes note of how those who look on are served."""

    def note_watching(self, count: int) -> None:
        """So many look on now."""

    def note_dropped(self) -> None:
        """One was too slow."""

    def note_lag(self, seconds: float) -> None:
        """An event waited so long until one took it."""


@dataclass(slots=True, eq=False)
class Watcher:
    """One who looks on."""

    sites: Collection[str] | None
    """Only these; None for all."""
    after: int
    """The number of the last event that was told before it came."""
    readings: Collection[str] | None = None
    """Readings only of these of them; None for all."""
    dropped: bool = False
    """Whether it was too slow."""
    ended: bool = False
    """Whether there will be no more."""
    clock: Callable[[], float] = monotonic
    """Seconds that never go back."""
    observer: Observer | None = None
    """Who is told how long events waited."""
    _waiting: deque[tuple[float, Event]] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, event: Event) -> bool:
        """Tell whether an event is of its sites, or of those whose readings it looks at."""
        if event.kind == READINGS and self.readings is not None and event.site not in self.readings:
            return False
        return event.site is None or self.sites is None or event.site in self.sites

    def offer(self, event: Event) -> bool:
        """Let an event wait for it; False if too many do."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped = True
            self.end()
            return False
        self._waiting.append((self.clock(), event))
        self._wake.set()
        return True

    def end(self) -> None:
        """Let it go."""
        self.ended = True
        self._waiting.clear()
        self._wake.set()

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, and a heartbeat where nothing does, until it is let go."""
        while True:
            if self._waiting:
                since, event = self._waiting.popleft()
                if self.observer:
                    self.observer.note_lag(self.clock() - since)
                yield event
                continue
            if self.ended:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                yield Event("heartbeat", None, {})


class Hub:
    """Passes on what happens.

    Args:
        clock: Seconds that never go back.
        observer: Who is told how they are served.
    """

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, observer: Observer | None = None
    ) -> None:
        self._clock = clock
        self._observer = observer
        self._watchers: set[Watcher] = set()
        self._newest: dict[str, Event] = {}
        self._held: dict[str, Summary] = {}
        self._told_at: dict[str, float] = {}
        self.last = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._watchers)

    def refuse_if_full(self) -> None:
        """Turn away one too many.

        Raises:
            ProblemError: As many look on as are allowed.
        """
        if len(self._watchers) >= MAX_CLIENTS:
            raise ProblemError(
                f"{MAX_CLIENTS} look on already, as many as are allowed; try again later",
                status=503,
                title="too many streams",
                headers={"Retry-After": "10"},
            )

    @contextmanager
    def watching(
        self, sites: Collection[str] | None, *, readings: Collection[str] | None = None
    ) -> Iterator[Watcher]:
        """Look on for as long as the context lasts.

        Args:
            sites: At these; None for all.
            readings: At readings only of these; None for all.
        """
        watcher = Watcher(sites, self.last, readings, clock=self._clock, observer=self._observer)
        self._watchers.add(watcher)
        self._count()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._count()

    def newest(self, watcher: Watcher) -> list[Event]:
        """Return the newest event about readings of each site one looks at."""
        return [event for event in self._newest.values() if watcher.wants(event)]

    def tell(self, event: Event) -> None:
        """Pass an event on; who has too many waiting already is dropped."""
        if event.number is not None:
            self.last = max(self.last, event.number)
        for watcher in [one for one in self._watchers if one.wants(event)]:
            if not watcher.offer(event):
                self.note_dropped()
                self._watchers.discard(watcher)

    def tell_readings(self, site: str, summary: Summary) -> None:
        """Pass on that a site has new readings: at once, or when its last time is a second ago."""
        waits = site in self._held
        self._held[site] = summary.merged(self._held.get(site))
        if waits:
            return
        rest = self._told_at.get(site, -PACE_SECONDS) + PACE_SECONDS - self._clock()
        if rest <= 0:
            self._flush(site)
        else:
            asyncio.get_running_loop().call_later(rest, self._flush, site)

    def note_dropped(self) -> None:
        """Take note of one who was too slow."""
        self.dropped += 1
        if self._observer:
            self._observer.note_dropped()

    def _count(self) -> None:
        if self._observer:
            self._observer.note_watching(len(self._watchers))

    def end(self) -> None:
        """Let all go."""
        for watcher in self._watchers:
            watcher.end()
        self._watchers.clear()

    def _flush(self, site: str) -> None:
        summary = self._held.pop(site)
        self._told_at[site] = self._clock()
        self._newest[site] = event = Event(READINGS, site, summary.body(site))
        self.tell(event)
