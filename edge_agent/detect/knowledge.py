"""What is known of a site, to be kept over restarts and to be told."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from edge_agent.detect.faults.learner import Learner
from edge_agent.detect.faults.memory import (
    BASELINE,
    TODAY,
    baseline_page,
    day_pages,
    today_page,
)


class Summary(NamedTuple):
    """In short, what is known of a site."""

    panels: int
    """Panels that are watched."""
    learned_panels: int
    """Those of them whose own days were learned from."""
    learned_us: int
    """When it was learned, microseconds since 1970; 0 when never."""
    model_version: str | None
    """Which model names the faults; None without one."""
    trouble: str | None
    """Why the last day could not be learned from, if so."""


class Pages:
    """The pages of what was learned that are not written down yet.

    Args:
        learner: Whose.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._written_us = 0
        self._written_day: int | None = None

    @property
    def today_values(self) -> int:
        """Return how large the page of the day so far is: rows times panels."""
        return self._learner.gathered_values

    @property
    def learned(self) -> bool:
        """Return whether something was learned since the last `take`."""
        return self._learner.baseline.fitted_us != self._written_us

    def take(self) -> Callable[[], dict[str, bytes]]:
        """Return what makes the pages that changed since the last call, and that of the day so far.

        Making them takes a while for a large site, and may be done in another thread.
        """
        learner = self._learner
        baseline, history, days = learner.baseline, learner.history, list(learner.days)
        today, learned, after_day = learner.today(), self.learned, self._written_day
        if learned:
            self._written_us = baseline.fitted_us
            self._written_day = int(history.day.max()) if len(history) else None

        def made() -> dict[str, bytes]:
            pages = {TODAY: today_page(today, panel_ids=baseline.panel_ids)}
            if learned:
                pages |= day_pages(history, after_day=after_day)
                pages[BASELINE] = baseline_page(baseline, days=days)
            return pages

        return made

    def again(self) -> None:
        """Have the next `take` return all pages: the last ones could not be written down."""
        self._written_us, self._written_day = 0, None

    def are_written(self) -> None:
        """Take what was learned up to now for written: it was read from there."""
        self._written_us = self._learner.baseline.fitted_us
        if len(self._learner.history):
            self._written_day = int(self._learner.history.day.max())


def summary_of(learner: Learner, *, model_version: str | None) -> Summary:
    """Return in short what a learner knows."""
    baseline = learner.baseline
    own = int(np.count_nonzero(baseline.own))
    panels, learned_us = len(baseline.panel_ids), baseline.fitted_us
    return Summary(panels, own, learned_us, model_version, learner.trouble)
