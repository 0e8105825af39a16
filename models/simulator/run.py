"""A run: the history first, then live, each message at its time."""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final, Protocol

from models.simulator.errors import SimulatorError
from models.simulator.lines import human
from models.simulator.messages import (
    Message,
    array_messages,
    meter_messages,
    single_messages,
    weather_messages,
)
from models.simulator.simulation import Simulation, Telemetry

_BLOCK: Final = 100
SITE_INTERVAL_S: Final = 10.0
"""Seconds between weather and meter values, unless the panels are slower."""
_PATIENCE_S: Final = 30.0
_DRAIN_S: Final = 5.0
_NAP_S: Final = 0.005


class Sink(Protocol):
    """Where messages go."""

    async def run(self, *, patience_s: float) -> None:
        """Work in the background until cancelled, or as long as there is something to do."""

    async def send(self, message: Message) -> None:
        """Take a message, waiting while there is no room."""

    async def drain(self) -> None:
        """Wait until everything taken is acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to publish, and how fast."""

    start: datetime
    """When live begins, UTC; the history ends there."""
    duration: timedelta | None = None
    """How long live lasts; None for ever."""
    interval_s: float = 1.0
    """Seconds between a panel's readings."""
    history: timedelta = timedelta()
    """How far back the history goes."""
    history_interval_s: float = 60.0
    """Seconds between a panel's readings in the history."""
    history_batch: int = 100
    """Readings of a panel in one message of the history: 100 are 18 kB, which brokers take."""
    batch: int = 1
    """Readings of a panel in one message; more than 1 makes arrays."""
    speed: float = 1.0
    """Simulated seconds a second, never ahead of the clock; 0 waits for nothing."""
    verbose: Callable[[str], None] | None = None
    """Takes a line for each reading, if wanted."""


class Run:
    """One run of a simulation into a sink."""

    def __init__(self, simulation: Simulation, *, plan: Plan, sink: Sink) -> None:
        """Take what to simulate, the plan, and where messages go."""
        self._simulation = simulation
        self._plan = plan
        self._sink = sink
        site = simulation.site
        self._locations = dict(zip(site.panel_ids, site.locations(), strict=True))

    async def until(
        self, stop: asyncio.Event, *, progress: Callable[[float], None] = lambda _share: None
    ) -> None:
        """Publish until the plan is done or ``stop`` is set, then wait for acknowledgements.

        Args:
            stop: Ends the run early.
            progress: Takes the share of the history that is published.

        Raises:
            SimulatorError: The broker is away or refuses.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                sink = tasks.create_task(self._sink.run(patience_s=_PATIENCE_S), name="sink")
                feed = tasks.create_task(self._feed(progress), name="feed")
                stopping = tasks.create_task(stop.wait(), name="stop")
                await asyncio.wait({feed, stopping}, return_when=asyncio.FIRST_COMPLETED)
                feed.cancel()
                stopping.cancel()
                await self._settle()
                sink.cancel()
        except* SimulatorError as group:
            raise group.exceptions[0] from None

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_S):
                await self._sink.drain()
        except TimeoutError:
            return  # the account tells what was not acknowledged

    async def _feed(self, progress: Callable[[float], None]) -> None:
        # Made before the history: made after it, live would be as late as that took, for ever.
        pace = Pace(self._plan.start, speed=self._plan.speed)
        await self._publish_history(progress)
        await self._publish_live(pace)

    async def _publish_history(self, progress: Callable[[float], None]) -> None:
        plan = self._plan
        block = timedelta(seconds=max(_BLOCK, plan.history_batch) * plan.history_interval_s)
        at = plan.start - plan.history
        while at < plan.start:
            seconds = min(block, plan.start - at).total_seconds()
            messages = self._messages(
                at, seconds=seconds, interval=plan.history_interval_s, size=plan.history_batch
            )
            for message in sorted(messages, key=lambda m: m.due_us):
                await self._send(message)
            at += block
            await asyncio.sleep(0)
            progress(min(1.0, 1 - (plan.start - at) / plan.history))

    async def _publish_live(self, pace: "Pace") -> None:
        plan, number = self._plan, count()
        waiting: list[tuple[int, int, Message]] = []
        block_s = max(1.0, plan.interval_s * plan.batch)
        left = float("inf") if plan.duration is None else plan.duration.total_seconds()
        at = plan.start
        while left > 0:
            seconds = min(block_s, left)
            for message in self._messages(
                at, seconds=seconds, interval=plan.interval_s, size=plan.batch
            ):
                heapq.heappush(waiting, (message.due_us, next(number), message))
            at += timedelta(seconds=seconds)
            left -= seconds
            until_us = at.timestamp() * 1e6 if left > 0 else float("inf")
            while waiting and waiting[0][0] < until_us:
                message = heapq.heappop(waiting)[2]
                await pace.wait(message.due_us)
                await self._send(message)
            await pace.wait(round(at.timestamp() * 1e6))

    def _messages(
        self, start: datetime, *, seconds: float, interval: float, size: int
    ) -> Iterator[Message]:
        simulation = self._simulation
        for block in simulation.telemetry(start, seconds=seconds, interval=interval):
            lines = self._human(block)
            if size == 1:
                yield from single_messages(block, locations=self._locations, lines=lines)
            else:
                yield from array_messages(block, locations=self._locations, lines=lines, size=size)
        slow = max(interval, SITE_INTERVAL_S)
        weather = simulation.weather(start, seconds=seconds, interval=slow)
        if len(weather.time_s):
            yield from weather_messages(weather, size=size)
            yield from meter_messages(simulation.meter.series(weather.time_s), size=size)

    def _human(self, block: Telemetry) -> list[str]:
        if self._plan.verbose is None:
            return []
        return human(block.readings, codes=self._simulation.label_codes(block.readings))

    async def _send(self, message: Message) -> None:
        await self._sink.send(message)
        if self._plan.verbose is not None:
            for line in message.lines:
                self._plan.verbose(line)


class Pace:
    """Turns simulated time into waiting."""

    def __init__(self, start: datetime, *, speed: float) -> None:
        """Begin now with ``start``; see `Plan.speed`."""
        self._speed = speed
        self._began_s = time.time()
        self._start_s = start.timestamp()

    async def wait(self, due_us: int) -> None:
        """Return when the moment has come; yields to other tasks even when it is past."""
        if self._speed == 0:
            await asyncio.sleep(0)
            return
        paced = self._began_s + (due_us / 1e6 - self._start_s) / self._speed
        left = max(paced, due_us / 1e6) - time.time()
        if left > 0:
            # Waking a little late wakes once for all that are due by then.
            await asyncio.sleep(left + _NAP_S)
