"""What shows in days only: losses too small for hours, and shade that comes back."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.lesson import Day
from edge_agent.detect.faults.looks import Spans
from edge_agent.detect.faults.recurrent import RecurrentShade
from edge_agent.detect.faults.slow import SlowLosses
from edge_agent.detect.faults.told import judgements_of, only
from edge_agent.detect.rules.judgement import Judgement
from shared.baselines import Baseline


class Told(NamedTuple):
    """What is told of one kind, of each panel."""

    spans: Spans
    judgements: list[Judgement]


class Daily:
    """The last days of each panel."""

    def __init__(self) -> None:
        self.watt_hours = np.zeros(0)
        """What a day's production of each panel is; may know fewer panels."""
        self._slow = SlowLosses()
        self._shade = RecurrentShade()

    def ensure(self, panels: int) -> None:
        """Make room for as many panels."""
        self._slow.ensure(panels)
        self._shade.ensure(panels)

    def remember(self, day: Day) -> None:
        """Take in a day of an earlier run, of as many panels as there is room for."""
        self._slow.remember(day)
        self._shade.remember(day)
        self.watt_hours = day.watt_hours

    def step(
        self, day: Day, *, baseline: Baseline, busy: NDArray[np.bool_], end_us: int
    ) -> Iterator[Told]:
        """Take in a day, and yield what is told of each kind.

        Args:
            day: The day that has ended.
            baseline: What is usual.
            busy: Panels whose loss has a name already.
            end_us: When it is told.
        """
        self.watt_hours = day.watt_hours
        slow = self._slow.step(day, baseline=baseline, busy=busy)
        self._shade.remember(day)
        for kind, (verdict, since_us, measured) in (
            ("slow_loss", slow),
            ("recurrent_shading", self._shade.told()),
        ):
            count = len(verdict)
            spans = Spans(np.arange(count), since_us, np.full(count, end_us, np.int64))
            level = np.zeros(count, np.int8)
            verdicts = only(kind, verdict=verdict)
            yield Told(spans, judgements_of(verdicts, level=level, measured=measured))
