"""Both looks at a site together: instant rules on readings, named faults on windows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.detector import Detector
from edge_agent.detect.faults.looks import Look, Muted
from edge_agent.detect.faults.watch import Watch
from edge_agent.detect.settings import RuleSettings
from shared.alerts import Episode, to_micros
from shared.readings import Readings
from shared.sky import Sky
from shared.windows import Window, Windows

_TELL_ALL: Final = frozenset({"zero_power", "flatline"})
_TELL_SENSORS: Final = frozenset({"power_mismatch"})


class SiteDetector:
    """Watches a site: what an instant rule tells of a panel is not told again by its windows.

    Args:
        rules: The settings of the instant rules.
        group_of: Panel id to the name of its group: panels of one group are siblings.
        sky: Where the site is.
        observe: Called after each window with what was made of it.
    """

    def __init__(
        self,
        rules: RuleSettings,
        group_of: Callable[[str], str] = lambda _: "",
        *,
        sky: Sky | None = None,
        observe: Callable[[Look], None] = lambda _: None,
    ) -> None:
        self.windows = Windows()
        self.watch = Watch(self.windows.panel_ids, group_of=group_of, sky=sky or Sky())
        self._instant = Detector(rules, group_of)
        self._observe = observe
        self._telling: dict[str, Episode] = {}

    def look(self, readings: Readings, *, now: datetime) -> list[Episode]:
        """Take in readings, in any order, and tell which episodes changed.

        Args:
            readings: A validated batch; may be empty.
            now: The gateway's time, UTC.
        """
        told = self._instant.look(readings, now=now)
        self._note(told)
        for window in self.windows.add(readings, now_us=to_micros(now)):
            self._step(window)
        return [*told, *self.watch.episodes.drain()]

    def finish(self) -> list[Episode]:
        """Look at what is left, at the end of a file, and tell which episodes changed."""
        for window in self.windows.flush():
            self._step(window)
        return self.watch.episodes.drain()

    def open_episodes(self) -> list[Episode]:
        """Return the episodes that last, as they are now."""
        return [*self._instant.open_episodes(), *self.watch.episodes.open_episodes()]

    def learned(self) -> bytes:
        """Return what was learned of the panels, for `relearn` of a later run."""
        return self.watch.learner.to_bytes()

    def relearn(self, data: bytes) -> None:
        """Take up what an earlier run learned, before anything else.

        Raises:
            InvalidBaselineError: It cannot be read; the site is then learned anew.
            ValueError: Panels were seen before.
        """
        if self.windows.panel_ids:
            raise ValueError("what was learned is to be taken up before the first panel is seen")
        self.watch.learner.restore(data)
        self.windows.admit(self.watch.learner.baseline.panel_ids)

    def restore(self, episodes: Sequence[Episode]) -> None:
        """Take up the episodes that were open when the agent stopped, before the first `look`."""
        others = [episode for episode in episodes if not self._resume(episode)]
        self._instant.restore(others)
        self._note(others)

    def _resume(self, episode: Episode) -> bool:
        if episode.panel is None or episode.cleared_at is not None:
            return False
        panel = int(self.windows.admit([episode.panel])[0])
        return panel >= 0 and self.watch.resume(episode, panel=panel)

    def _step(self, window: Window) -> None:
        before = self.watch.latest
        self.watch.step(window, muted=self._muted(window.values.shape[1]))
        if self.watch.latest is not None and self.watch.latest is not before:
            self._observe(self.watch.latest)

    def _note(self, told: Sequence[Episode]) -> None:
        for episode in told:
            if episode.cleared_at is None:
                self._telling[episode.episode] = episode
            else:
                self._telling.pop(episode.episode, None)

    def _muted(self, panels: int) -> Muted:
        ids = self.windows.panel_ids[:panels]

        def of(types: frozenset[str]) -> NDArray[np.bool_]:
            told = {e.panel for e in self._telling.values() if e.alert_type in types}
            return np.array([panel in told for panel in ids], np.bool_)

        return Muted(everything=of(_TELL_ALL), sensors=of(_TELL_SENSORS))
