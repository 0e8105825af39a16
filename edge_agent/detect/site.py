"""Both looks at a site together: instant rules on readings, named faults on windows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.detector import Detector
from edge_agent.detect.faults.learner import Teach, at_once
from edge_agent.detect.faults.looks import Look, Muted
from edge_agent.detect.faults.memory import restore
from edge_agent.detect.faults.watch import Watch
from edge_agent.detect.knowledge import Pages, Summary, summary_of
from edge_agent.detect.model import Model
from edge_agent.detect.settings import RuleSettings
from edge_agent.detect.site_causes import SiteCauses
from edge_agent.detect.window_rows import WindowRows
from shared.alerts import Episode, to_micros
from shared.readings import MISSING, Readings
from shared.sky import Sky
from shared.tables import Table
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
        teach: Does the learning after each day; by default before `look` returns.
        model: Names what deviates; None leaves that to rules.
    """

    def __init__(
        self,
        rules: RuleSettings,
        group_of: Callable[[str], str] = lambda _: "",
        *,
        sky: Sky | None = None,
        observe: Callable[[Look], None] = lambda _: None,
        teach: Teach = at_once,
        model: Model | None = None,
    ) -> None:
        self.windows = Windows()
        self.watch = Watch(
            self.windows.panel_ids, group_of=group_of, sky=sky or Sky(), teach=teach, model=model
        )
        self.pages = Pages(self.watch.learner)
        self._instant = Detector(rules, group_of)
        self._causes = SiteCauses()
        self.observe = observe
        """Called after each window with what was made of it."""
        self._telling: dict[str, Episode] = {}
        self._rows: WindowRows | None = None
        self._sky = sky or Sky()

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
        return [*told, *self._drain()]

    def finish(self) -> list[Episode]:
        """Look at what is left, at the end of a file, and tell which episodes changed."""
        for window in self.windows.flush():
            self._step(window)
        return self._drain()

    def use(self, model: Model | None) -> None:
        """Let another model name what deviates from now on; None leaves that to rules."""
        self.watch.use(model)

    def take_weather(self, weather: Table) -> None:
        """Take in rows of the weather station, before the readings of the same time."""
        milliwatts = np.asarray(weather["irradiance_mw_m2"])
        w_m2 = np.where(milliwatts == MISSING, np.nan, milliwatts / 1000.0)
        self.windows.add_irradiance(np.asarray(weather["time_us"]), w_m2=w_m2)

    def record_windows(self) -> None:
        """From now on make rows of the windows, for `take_windows`."""
        self._rows = WindowRows(self.windows.panel_ids, sky=self._sky)

    def take_windows(self) -> Table | None:
        """Return the rows of the windows that closed since the last call; see `SCHEMA`."""
        return None if self._rows is None else self._rows.take()

    def open_episodes(self) -> list[Episode]:
        """Return the episodes that last, as they are now."""
        return [
            *self._instant.open_episodes(),
            *self.watch.episodes.open_episodes(),
            *self._causes.episodes.open_episodes(),
        ]

    def redate(self, shift_us: int, *, near_too: bool) -> None:
        """Move in time what our clock dated, because it was set; what is gathered is dropped.

        Args:
            shift_us: By how much, in microseconds.
            near_too: Whether stamps near to our clock were taken from it.
        """
        moved = set(self._instant.redate(shift_us, near_too=near_too))
        at = [number for number, panel in enumerate(self.windows.panel_ids) if panel in moved]
        if at:
            self.windows.restart()
            self.watch.move(np.array(at, np.intp), shift_us=shift_us)
            self._causes.move(shift_us)

    def relearn(self, pages: Mapping[str, bytes]) -> None:
        """Take up what an earlier run learned, before anything else.

        Args:
            pages: What `pages` gave, by name.

        Raises:
            InvalidBaselineError: It cannot be read; the site is then learned anew.
            ValueError: Panels were seen before.
        """
        if self.windows.panel_ids:
            raise ValueError("what was learned is to be taken up before the first panel is seen")
        try:
            restore(self.watch.learner, pages)
        finally:
            known = self.watch.learner.baseline.panel_ids
            self.windows.admit(known)
            self.watch.remember(len(known))
            self.pages.are_written()

    def summary(self) -> Summary:
        """Return in short what is known of the site."""
        return summary_of(self.watch.learner, model_version=self.watch.opinion.version)

    def restore(self, episodes: Sequence[Episode]) -> None:
        """Take up the episodes that were open when the agent stopped, before the first `look`."""
        others = [episode for episode in episodes if not self._resume(episode)]
        self._instant.restore(others)
        self._note(others)

    def _resume(self, episode: Episode) -> bool:
        if episode.cleared_at is not None:
            return False
        if episode.panel is None:
            return self._causes.resume(episode)
        panel = int(self.windows.admit([episode.panel])[0])
        return panel >= 0 and self.watch.resume(episode, panel=panel)

    def _drain(self) -> list[Episode]:
        return [*self.watch.episodes.drain(), *self._causes.episodes.drain()]

    def _step(self, window: Window) -> None:
        before = self.watch.latest
        muted = self._muted(window.values.shape[1])
        self.watch.step(window, muted=muted)
        peak = self.watch.learner.baseline.peak_watts
        self._causes.step(window, peak_watts=peak, crowd=self.watch.crowd)
        if self.watch.latest is not None and self.watch.latest is not before:
            self.observe(self.watch.latest)
            if self._rows is not None:
                baseline = self.watch.learner.baseline
                self._rows.note(self.watch.latest, baseline=baseline, muted=muted)

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
