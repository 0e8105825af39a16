"""Readings to windows: of each panel the median of a minute, or of more if it tells less often.

Medians, because a cloud's edge and a wild value pass in seconds. Windows close by the time in the
readings, some seconds late, so that what comes out of order still counts; what comes later than
that is left out and counted.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.cadence import SECOND_US, usual_interval_us, width_for
from shared.readings import MISSING, QUANTITIES, Readings, concatenate

LATENESS_US: Final = 30 * SECOND_US
"""How long a window stays open past its end."""

MAX_PANELS: Final = 20_000
"""Panels watched at most: ids come from messages, and memory must not follow them without end."""

_IDLE_US: Final = 120 * SECOND_US
_PATIENCE_US: Final = 2 * 3600 * SECOND_US
_PARTS: Final = 64
_AHEAD_US: Final = 300 * SECOND_US
_REVISE_AFTER: Final = 6
_CELSIUS: Final = 0
_DEGREES: Final = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One window of all panels; arrays have one element a panel, as `Windows.panel_ids` counts."""

    start_us: int
    """Microseconds since 1970-01-01 UTC."""
    end_us: int
    """Exclusive."""
    values: NDArray[np.float64]
    """Medians in public units, in the order of `QUANTITIES`, NaN when missing: ``(4, panels)``."""
    count: NDArray[np.int64]
    """Readings of each panel."""
    still: NDArray[np.bool_]
    """Exactly one value since the window before: shape ``(4, panels)``."""
    swing: NDArray[np.float64]
    """How far the value that moved most went up and down, as a share of its median (of 25 degrees
    for the temperature): shape ``(panels,)``; NaN when missing."""
    irradiance_w_m2: float = np.nan
    """On the plane of the modules; NaN when not measured."""

    @property
    def width_us(self) -> int:
        """Return how long it is."""
        return self.end_us - self.start_us


class Windows:
    """Gathers readings until their window closes."""

    def __init__(self) -> None:
        self.panel_ids: list[str] = []
        self.width_us: int | None = None
        """How long windows are; None until enough was heard to tell."""
        self.late = 0
        """Readings left out because their window had closed."""
        self._position: dict[str, int] = {}
        self._parts: list[Readings] = []
        self._newest_us = self._heard_us = self._next_us = np.iinfo(np.int64).min
        self._last = np.full((4, 0), np.nan)
        self._disagree = 0
        self._light: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []

    def add(self, readings: Readings, *, now_us: int) -> Iterator[Window]:
        """Take in readings, and yield the windows that are complete, earliest first.

        Call it now and then without readings too: the last window of a site that has gone silent
        closes by the clock.

        Args:
            readings: In any order; may be empty.
            now_us: Our time, microseconds since 1970-01-01 UTC; no reading moves time past it.
        """
        if self._next_us > now_us + _AHEAD_US:
            self.restart()
        if len(readings):
            kept = readings.time_us >= self._next_us
            self.late += int((~kept).sum())
            if kept.any():
                self._parts.append(readings if kept.all() else readings.take(kept))
                newest = int(readings.time_us.max())
                self._newest_us = max(self._newest_us, newest)
                self._heard_us = now_us
        if len(self._parts) > _PARTS:
            self._parts = [concatenate(self._parts)]
        idle = now_us - self._heard_us > max(_IDLE_US, 2 * (self.width_us or 0))
        reached = now_us if idle else min(self._newest_us, now_us)
        if self._parts and (self.width_us is not None or self._find_width(reached)):
            yield from self._close(until_us=reached - LATENESS_US)

    def add_irradiance(self, time_us: NDArray[np.int64], *, w_m2: NDArray[np.float64]) -> None:
        """Take in the site's irradiance, before the panels' readings of the same time."""
        self._light.append((time_us, w_m2))

    def restart(self) -> None:
        """Drop what is gathered, and begin anew at any time: the clock was set."""
        self._parts, self._light = [], []
        self._newest_us = self._heard_us = self._next_us = np.iinfo(np.int64).min
        self._last = np.full_like(self._last, np.nan)

    def flush(self) -> Iterator[Window]:
        """Yield what is left, whether complete or not: at the end of a file."""
        newest = self._newest_us
        if self._parts and (self.width_us is not None or self._find_width(newest + _PATIENCE_US)):
            assert self.width_us is not None  # noqa: S101 - found in the line before
            yield from self._close(until_us=newest + self.width_us)

    def _find_width(self, reached_us: int) -> bool:
        batch = self._joined()
        panel = self.admit(batch.panel_ids)[batch.panel]
        rows = panel >= 0
        usual = usual_interval_us(
            panel[rows], time_us=batch.time_us[rows], panels=len(self.panel_ids)
        )
        if usual is None:
            if reached_us - int(batch.time_us.min()) < _PATIENCE_US:
                return False
            usual = float(SECOND_US)
        self.width_us = width_for(usual)
        return True

    def _joined(self) -> Readings:
        if len(self._parts) > 1:
            self._parts = [concatenate(self._parts)]
        return self._parts[0]

    def admit(self, panel_ids: Sequence[str]) -> NDArray[np.intp]:
        """Return each panel's number, new ones counted on; -1 when there is no more room."""
        for panel_id in panel_ids:
            if panel_id not in self._position and len(self.panel_ids) < MAX_PANELS:
                self._position[panel_id] = len(self.panel_ids)
                self.panel_ids.append(panel_id)
        missing = len(self.panel_ids) - self._last.shape[1]
        if missing > 0:
            self._last = np.pad(self._last, ((0, 0), (0, missing)), constant_values=np.nan)
        return np.array([self._position.get(panel_id, -1) for panel_id in panel_ids], np.intp)

    def _close(self, *, until_us: int) -> Iterator[Window]:
        width = self.width_us or 0
        edge = until_us // width * width
        if edge <= self._next_us or not self._parts:
            return
        batch = self._joined()
        due = batch.time_us < edge
        self._parts = [] if due.all() else [batch.take(~due)]
        self._next_us = edge
        if not due.any():
            return
        ready = batch if due.all() else batch.take(due)
        panel = self.admit(ready.panel_ids)[ready.panel]
        waiting = deque(_by_window(ready.time_us, width=width, rows=panel >= 0))
        del batch, due  # a minute's readings need not be there twice, nor beside what comes of them
        while waiting:
            start, rows = waiting.popleft()
            part = ready if len(rows) == len(ready) else ready.take(rows)
            window = self._window(part, panel=panel[rows], start_us=start)
            if not waiting:
                del ready, panel, rows, part
            yield window

    def _window(self, readings: Readings, *, panel: NDArray[np.intp], start_us: int) -> Window:
        count, end_us = len(self.panel_ids), start_us + (self.width_us or 0)
        values, still = np.full((4, count), np.nan), np.zeros((4, count), np.bool_)
        swing = np.full((4, count), np.nan)
        for number, name in enumerate(QUANTITIES):
            raw = getattr(readings, name)
            known = raw != MISSING
            middle, low, high = _medians(panel[known], values=raw[known] / 1000.0, panels=count)
            before = self._last[number]
            still[number] = (low == high) & (before == low)
            values[number] = middle
            usual = _DEGREES if number == _CELSIUS else np.where(middle > 0, middle, np.nan)
            swing[number] = (high - low) / usual
            # What jumps within a window is no longer comparable with the next: its last is unknown.
            self._last[number] = np.where(low == high, low, np.where(np.isnan(low), before, np.nan))
        self._revise(panel, time_us=readings.time_us)
        counted = np.bincount(panel, minlength=count)
        light = self._irradiance(start_us, end_us=end_us)
        moved = np.fmax.reduce(swing)
        return Window(start_us, end_us, values, counted, still, moved, light)

    def _revise(self, panel: NDArray[np.intp], *, time_us: NDArray[np.int64]) -> None:
        """Follow a site that begins to tell more often; readings far apart show as gaps."""
        usual = usual_interval_us(panel, time_us=time_us, panels=len(self.panel_ids))
        if usual is None or self.width_us is None or width_for(usual) >= self.width_us:
            self._disagree = 0
            return
        self._disagree += 1
        if self._disagree >= _REVISE_AFTER:
            self._disagree, self.width_us = 0, width_for(usual)

    def _irradiance(self, start_us: int, *, end_us: int) -> float:
        if not self._light:
            return float("nan")
        time_us = np.concatenate([part[0] for part in self._light])
        w_m2 = np.concatenate([part[1] for part in self._light])
        inside = (time_us >= start_us) & (time_us < end_us) & ~np.isnan(w_m2)
        later = time_us >= end_us
        self._light = [(time_us[later], w_m2[later])] if later.any() else []
        return float(np.median(w_m2[inside])) if inside.any() else float("nan")


def _by_window(
    time_us: NDArray[np.int64], *, width: int, rows: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each window's start and the rows in it, earliest first."""
    at = np.flatnonzero(rows)
    number = time_us[at] // width
    order = np.argsort(number, kind="stable")
    cuts = np.flatnonzero(np.diff(number[order])) + 1
    for part in np.split(order, cuts):
        if len(part):
            yield int(number[part[0]]) * width, at[part]


def _medians(
    panel: NDArray[np.intp], *, values: NDArray[np.float64], panels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return median, least and greatest value of each panel, NaN without any."""
    result = np.full((3, panels), np.nan)
    if len(values):
        order = np.lexsort((values, panel))
        ordered = values[order]
        there, first, count = np.unique(panel[order], return_index=True, return_counts=True)
        low, high = ordered[first + (count - 1) // 2], ordered[first + count // 2]
        result[:, there] = (low + high) / 2, ordered[first], ordered[first + count - 1]
    return result[0], result[1], result[2]
