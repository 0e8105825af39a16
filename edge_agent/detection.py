"""The detector in the pipeline: its failures stop no reading, its episodes survive restarts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NoReturn, Protocol

import msgspec
import numpy as np

from edge_agent.clock import Moment, Trust
from edge_agent.errors import OutboxFullError
from shared.alerts import Episode
from shared.readings import Readings
from shared.tables import Table

_INT32: Final = np.array([], np.int32)
_NONE: Final = Readings(
    panel_ids=(),
    panel=_INT32,
    time_us=np.array([], np.int64),
    temperature_mc=_INT32,
    voltage_mv=_INT32,
    current_ma=_INT32,
    power_mw=_INT32,
    quality=np.array([], np.int16),
)

_log = logging.getLogger(__name__)


class Knows(Protocol):
    """What is known of a site; `edge_agent.detect.Summary` is."""

    @property
    def panels(self) -> int:
        """Return how many panels are watched."""

    @property
    def learned_panels(self) -> int:
        """Return of how many of them their own days were learned from."""

    @property
    def learned_us(self) -> int:
        """Return when it was learned, microseconds since 1970; 0 when never."""

    @property
    def model_version(self) -> str | None:
        """Return which model names the faults; None without one."""

    @property
    def trouble(self) -> str | None:
        """Return why the last day could not be learned from, if so."""


class Detects(Protocol):
    """What looks for faults; `edge_agent.detect.SiteDetector` does."""

    def look(self, readings: Readings, *, now: datetime) -> list[Episode]:
        """Return the episodes that changed."""

    def open_episodes(self) -> list[Episode]:
        """Return all that last."""

    def redate(self, shift_us: int, *, near_too: bool) -> None:
        """Move in time what our clock dated."""

    def restore(self, episodes: Sequence[Episode]) -> None:
        """Take up episodes of an earlier run."""

    def take_weather(self, weather: Table) -> None:
        """Take in rows of the weather station."""

    def summary(self) -> Knows:
        """Return in short what is known of the site."""

    def take_windows(self) -> Table | None:
        """Return the rows of the windows that closed since the last call."""


class Detection:
    """Asks the detector, and remembers which episodes are open.

    An episode is remembered as open before anything about it can reach the collector, and
    forgotten only after the flush that cleared it is safe: whenever the agent is killed, the next
    run knows every episode the collector may still think open.

    Args:
        detector: What looks for faults.
        remember: Keeps bytes across restarts.
    """

    def __init__(self, detector: Detects, *, remember: Callable[[bytes], Awaitable[None]]) -> None:
        self._detector = detector
        self._remember = remember
        self._clearing: dict[str, Episode] = {}
        self._cleared: asyncio.Queue[tuple[asyncio.Event, list[str]]] = asyncio.Queue()
        self.trouble: str | None = None
        """The detector's failure, until it works again."""
        self.readings = 0
        """Readings looked at since the start."""
        self.windows: Table | None = None
        """Rows of the windows that closed with the last look."""

    @property
    def knows(self) -> Knows:
        """Return in short what is known of the site."""
        return self._detector.summary()

    def restore(self, remembered: bytes | None) -> None:
        """Take up what an earlier run remembered."""
        if remembered is None:
            return
        try:
            episodes = msgspec.json.decode(remembered, type=list[Episode])
        except msgspec.MsgspecError as error:
            _log.error("cannot take up the open alert episodes of the last run: %s", error)
            return
        self._detector.restore(episodes)

    async def look(
        self,
        readings: Readings | None,
        *,
        settled: asyncio.Event,
        now: datetime,
        weather: Table | None = None,
    ) -> list[Episode]:
        """Return the episodes that changed; without any if the detector fails.

        Args:
            readings: A flush's readings; None without any, for time passes all the same.
            settled: Set when the flush, and these episodes with it, is safe.
            now: Our time, UTC.
            weather: A flush's rows of the weather station.
        """
        self.readings += 0 if readings is None else len(readings)
        changed = self._ask(_NONE if readings is None else readings, weather=weather, now=now)
        if not changed:
            return []
        cleared = [episode for episode in changed if episode.cleared_at is not None]
        for episode in cleared:
            lasting = msgspec.structs.replace(episode, cleared_at=None)
            self._clearing[episode.episode] = lasting
        await self.save()
        if cleared:
            self._cleared.put_nowait((settled, [episode.episode for episode in cleared]))
        return changed

    def redate(self, moment: Moment) -> None:
        """Move what is dated by our clock, if it was set since the flush before."""
        if not moment.moved_us:
            return
        near_too = moment.dating.trust is not Trust.TRUSTED
        try:
            self._detector.redate(moment.moved_us, near_too=near_too)
        except Exception as error:  # noqa: BLE001 - as in `_ask`
            _log.exception("the detector cannot follow the clock; readings go on without it")
            self.trouble = f"{type(error).__name__}: {error}"

    async def forget_cleared(self) -> NoReturn:
        """Forget cleared episodes, for ever, once their flush is safe."""
        while True:
            settled, cleared = await self._cleared.get()
            await settled.wait()
            for episode in cleared:
                self._clearing.pop(episode, None)
            await self.save()

    async def save(self) -> None:
        """Remember what is open, or cleared but not yet safe."""
        episodes = [*self._detector.open_episodes(), *self._clearing.values()]
        try:
            await self._remember(msgspec.json.encode(episodes))
        except OutboxFullError:
            _log.warning("no room to remember %d open alert episodes", len(episodes))

    def _ask(self, readings: Readings, *, weather: Table | None, now: datetime) -> list[Episode]:
        try:
            if weather is not None:
                self._detector.take_weather(weather)
            changed = self._detector.look(readings, now=now)
            self.windows = self._detector.take_windows()
        except Exception as error:  # noqa: BLE001 - whatever fails in there, readings go on
            self.windows = None
            if self.trouble is None:
                _log.exception("the detector fails; readings go on without it")
            self.trouble = f"{type(error).__name__}: {error}"
            return []
        if self.trouble is not None:
            _log.warning("the detector works again")
            self.trouble = None
        return changed
