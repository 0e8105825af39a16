"""Gathers the sunny minutes of a day, and has a site's baseline learned anew after it."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.lesson import Day, Known, Lesson
from shared.baselines import Baseline
from shared.history import BLOCK_US, History
from shared.peers import nan_median
from shared.sky import Sky
from shared.windows import Window

Array = NDArray[np.float64]
Teach = Callable[[Callable[[], Known]], "Future[Known]"]
"""Does work, now or later; works are done one after the other."""

_DAY_US: Final = 86_400_000_000
_SLOW_DAYS: Final = 3

_log = logging.getLogger(__name__)


def at_once(work: Callable[[], Known]) -> "Future[Known]":
    """Do work before returning."""
    future: Future[Known] = Future()
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - as a future of a thread has it
        future.set_exception(error)
    return future


@dataclass(frozen=True, slots=True, eq=False)
class Today:
    """The sunny minutes of a day that has not ended."""

    blocks: History
    """Its rows."""
    alarmed: NDArray[np.bool_]
    """Panels that had an open episode in it."""
    noon: complex
    """Where production's middle is, as an angle of the day; its size is a weight."""


class Learner:
    """Knows what is usual now, and gathers what it will be learned from next.

    Args:
        sky: Where the site is.
        teach: Does the learning, which takes seconds for a thousand panels.
    """

    def __init__(self, sky: Sky, *, teach: Teach = at_once) -> None:
        self.baseline = Baseline.cold()
        self.history = History.empty()
        self.days: deque[Day] = deque(maxlen=_SLOW_DAYS)
        self.trusted_until_us = 0
        """Until then all days are taken as fault-free: somebody said so."""
        self.trouble: str | None = None
        """Why the last lesson failed, if it did."""
        self._sky = sky
        self._teach = teach
        self._known = Known(self.baseline, self.history)
        self._lessons: deque[Future[Known]] = deque()
        self._pending: list[Window] = []
        self._today: list[tuple[int, NDArray[np.float32], float]] = []
        self._noon = self._noon_before = 0j
        self._shift = 0.0
        self._number: int | None = None
        self._alarmed = np.zeros(0, np.bool_)

    def restore(self, known: Known, *, days: Sequence[Day]) -> None:
        """Take up what an earlier run knew, before the first window."""
        self.baseline, self.history, self._known = known.baseline, known.history, known
        self.days.extend(days)

    def resume(self, today: Today) -> None:
        """Go on with the day an earlier run was in, before the first window."""
        blocks = today.blocks
        self._noon = self._noon_before = today.noon
        self._alarmed = today.alarmed
        self._number = int(blocks.day[0]) if len(blocks) else None
        self._today = [
            (int(time_us), blocks.values[:, row], float(light))
            for row, (time_us, light) in enumerate(
                zip(blocks.time_us, blocks.irradiance_w_m2, strict=True)
            )
        ]

    def today(self) -> Today:
        """Return what was gathered of the day so far."""
        return Today(self._gathered(), self._alarmed, self._noon)

    @property
    def gathered_values(self) -> int:
        """Return how many rows times panels `today` has."""
        return len(self._today) * len(self.baseline.panel_ids)

    def forget_today(self) -> None:
        """Drop what was gathered of the day: its times are not right."""
        self._today, self._pending, self._number = [], [], None
        self._noon = self._noon_before

    def usual(self, panel_ids: Sequence[str]) -> Baseline:
        """Return what is usual for these panels."""
        if len(panel_ids) != len(self.baseline.panel_ids):
            self.baseline = self.baseline.arranged(tuple(panel_ids))
        return self.baseline

    def take(
        self,
        window: Window,
        *,
        sunny: bool,
        alarmed: NDArray[np.bool_],
        lasting: NDArray[np.bool_],
        group: NDArray[np.int32],
    ) -> list[Day]:
        """Take in a window, and return the days that were learned from since the last call.

        Args:
            window: Later than the ones before.
            sunny: Whether anything can be learned from it.
            alarmed: Panels with an open episode: their day is not learned from.
            lasting: Panels with one that matters only if it outlasts the day: a shadow that goes
                away is part of what is usual.
            group: Panels of one number are siblings.
        """
        number = self._day_of(window)
        if self._number is not None and number != self._number:
            self._note(lasting, window=window)
            self._close_day(group)
        self._number = number
        if sunny:
            self._note(alarmed, window=window)
            self._gather(window)
        return self._collect()

    def end_day(self, group: NDArray[np.int32]) -> list[Day]:
        """Learn from the day so far, and return the days that were learned from meanwhile."""
        self._close_day(group)
        return self._collect()

    def _note(self, alarmed: NDArray[np.bool_], *, window: Window) -> None:
        seen = np.pad(self._alarmed, (0, len(alarmed) - len(self._alarmed)))
        self._alarmed = seen | (alarmed & (window.start_us >= self.trusted_until_us))

    def _day_of(self, window: Window) -> int:
        """Return the solar day; noon is where production's middle is."""
        time_us = (window.start_us + window.end_us) // 2
        if self._noon:
            shift = np.angle(self._noon) / (2 * np.pi) % 1.0 - 0.5
            # Noon wanders over the year, and must not skip a day where it meets midnight.
            self._shift = float(shift + round(self._shift - shift))
        number = int((time_us - self._shift * _DAY_US) // _DAY_US)
        if self._number is not None and number < self._number:
            number = self._number
        watts = float(np.nansum(np.maximum(window.values[3], 0.0)))
        volt_amperes = float(np.nansum(np.maximum(window.values[1] * window.values[2], 0.0)))
        turn = 2j * np.pi * (time_us % _DAY_US) / _DAY_US
        self._noon += max(watts, volt_amperes) * complex(np.exp(turn))
        return number

    def _gather(self, window: Window) -> None:
        self._pending.append(window)
        first = self._pending[0]
        if window.end_us - first.start_us < BLOCK_US:
            return
        pending, self._pending = self._pending, []
        panels = window.values.shape[1]
        same = [part for part in pending if part.values.shape[1] == panels]
        medians = nan_median(np.stack([part.values for part in same]), axis=0)
        values = medians.astype(np.float32)  # a day of them is kept
        light = nan_median(np.array([part.irradiance_w_m2 for part in same]), axis=0)
        self._today.append(((first.start_us + window.end_us) // 2, values, float(light)))

    def _gathered(self) -> History:
        panels = len(self.baseline.panel_ids)
        blocks = [block for block in self._today if block[1].shape[1] <= panels]
        if not blocks:
            return History.empty(panels)
        values = np.stack([_widened(block[1], panels=panels) for block in blocks], axis=1)
        return History(
            np.array([block[0] for block in blocks], np.int64),
            np.full(len(blocks), self._number, np.int32),
            values,
            np.array([block[2] for block in blocks], np.float32),
        )

    def _close_day(self, group: NDArray[np.int32]) -> None:
        """Have the day so far learned from, if it had sun."""
        today, alarmed = self._gathered(), self._alarmed
        self._today, self._pending, self._alarmed = [], [], np.zeros(0, np.bool_)
        self._noon_before = self._noon
        if not len(today):
            return
        lesson = Lesson(self.baseline.panel_ids, today, alarmed, group, self._sky)

        def learned() -> Known:
            self._known = lesson.after(self._known)
            return self._known

        self._lessons.append(self._teach(learned))

    def _collect(self) -> list[Day]:
        """Take in what was learned meanwhile."""
        days: list[Day] = []
        while self._lessons and self._lessons[0].done():
            done = self._lessons.popleft()
            if (error := done.exception()) is not None:
                _log.error("cannot learn from a day: %s", error, exc_info=error)
                self.trouble = f"cannot learn: {type(error).__name__}: {error}"
                continue
            known, self.trouble = done.result(), None
            self.baseline = known.baseline.arranged(self.baseline.panel_ids)
            self.history = known.history
            if known.day is not None:
                days.append(known.day)
        self.days.extend(days)
        return days


def _widened(values: NDArray[np.float32], *, panels: int) -> NDArray[np.float32]:
    return np.pad(values, ((0, 0), (0, panels - values.shape[1])), constant_values=np.nan)
