"""What was last seen of each panel."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.samples import Samples, Track
from shared.readings import MISSING

NEVER: Final = np.iinfo(np.int64).min
"""The time of what did not happen."""

MAX_PANELS: Final = 20_000
"""Panels watched at most: ids come from messages, and memory must not follow them without end."""

_AHEAD_US: Final = 300_000_000
_SHORTEST_INTERVAL_US: Final = 1_000_000
_LONGEST_INTERVAL_US: Final = 1_200_000_000
_GAP_INTERVALS: Final = 3
_FIRST_GAP_US: Final = 60_000_000
_FIRST_CAPACITY: Final = 64

_log: Final = logging.getLogger(__name__)


class Panels:
    """The panels watched, counted from 0 as they appear.

    Args:
        group_of: Panel id to the name of the group whose panels are comparable.
    """

    def __init__(self, group_of: Callable[[str], str]) -> None:
        self.ids: list[str] = []
        self.group = np.zeros(_FIRST_CAPACITY, np.int32)
        self.last_us = np.full(_FIRST_CAPACITY, NEVER, np.int64)
        self.interval_us = np.zeros(_FIRST_CAPACITY, np.int64)
        self.arrived = np.zeros(_FIRST_CAPACITY, np.bool_)
        self.near = np.zeros(_FIRST_CAPACITY, np.bool_)
        self.power_watts = np.full(_FIRST_CAPACITY, np.nan)
        self.values = np.full((4, _FIRST_CAPACITY), MISSING, np.int32)
        self._group_of = group_of
        self._groups: dict[str, int] = {}
        self._position: dict[str, int] = {}
        self._overflowing = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def capacity(self) -> int:
        """How many panels the arrays have room for."""
        return len(self.last_us)

    def positions(self, panel_ids: Sequence[str]) -> NDArray[np.intp]:
        """Return each panel's number, new ones counted on; -1 when there is no more room."""
        known = self._position
        return np.array([known[i] if i in known else self._admit(i) for i in panel_ids], np.intp)

    def _admit(self, panel_id: str) -> int:
        if len(self.ids) >= MAX_PANELS:
            if not self._overflowing:
                _log.warning("over %d panels: further ones are not watched", MAX_PANELS)
            self._overflowing = True
            return -1
        position = self._position[panel_id] = len(self.ids)
        self.ids.append(panel_id)
        if position >= self.capacity:
            self._grow()
        group = self._group_of(panel_id)
        self.group[position] = self._groups.setdefault(group, len(self._groups))
        return position

    def _grow(self) -> None:
        more = self.capacity
        self.group = np.append(self.group, np.zeros(more, np.int32))
        self.last_us = np.append(self.last_us, np.full(more, NEVER, np.int64))
        self.interval_us = np.append(self.interval_us, np.zeros(more, np.int64))
        self.arrived = np.append(self.arrived, np.zeros(more, np.bool_))
        self.near = np.append(self.near, np.zeros(more, np.bool_))
        self.power_watts = np.append(self.power_watts, np.full(more, np.nan))
        self.values = np.append(self.values, np.full((4, more), MISSING, np.int32), axis=1)

    def set_back(self, now_us: int) -> NDArray[np.intp]:
        """Forget when panels were last seen if that lies ahead: the clock was put back.

        Args:
            now_us: The gateway's time.

        Returns:
            The panels concerned.
        """
        ahead = np.flatnonzero(self.last_us > now_us + _AHEAD_US)
        self.last_us[ahead] = NEVER
        self.interval_us[ahead] = 0
        return ahead

    def move(self, shift_us: int, *, near_too: bool) -> NDArray[np.intp]:
        """Move when panels were last seen, if our clock dated that: it was set.

        Args:
            shift_us: By how much, in microseconds.
            near_too: Whether stamps near to our clock were taken from it.

        Returns:
            The panels concerned.
        """
        ours = self.arrived | (self.near & near_too)
        moved = np.flatnonzero(ours & (self.last_us != NEVER))
        self.last_us[moved] += shift_us
        return moved

    def note(self, samples: Samples) -> NDArray[np.int64]:
        """Take in samples, each later than its panel's last one.

        Returns:
            For each sample the microseconds observed since the one before, shape ``(n,)``: 0 after
            a gap of over three of the panel's usual intervals, since nobody saw what was in it.
        """
        panel = samples.panel
        seen = self.last_us[panel] != NEVER
        passed = np.where(seen, samples.time_us - np.where(seen, self.last_us[panel], 0), 0)
        usual = self.interval_us[panel]
        adapted = np.where(usual == 0, passed, np.minimum(passed, 2 * usual))
        bounded = np.clip(adapted, _SHORTEST_INTERVAL_US, _LONGEST_INTERVAL_US)
        self.interval_us[panel] = np.where(seen, bounded, 0)
        self.last_us[panel] = samples.time_us
        self.power_watts[panel] = samples.power_watts
        gap_us = np.where(usual == 0, _FIRST_GAP_US, _GAP_INTERVALS * usual)
        return np.where(passed <= gap_us, passed, 0)

    def remember(self, track: Track) -> None:
        """Keep the last values of a track, for comparing the next reading with them."""
        last = np.flatnonzero(np.append(np.diff(track.panel) != 0, True))
        self.values[:, track.panel[last]] = track.values[:, last]
