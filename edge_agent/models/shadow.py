"""A candidate scores the windows that the model in use scores; nobody hears what it says."""

import contextlib
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import ModelError
from edge_agent.models.asked import Array, Asked
from edge_agent.models.record import Trial
from edge_agent.models.tally import NOTHING, UNKNOWN, Alarms, Day, Verdicts, Words, verdicts

M = TypeVar("M", bound=Asked)

_DAY_US: Final = 86_400_000_000


class Shadow(Generic[M]):
    """One candidate, and how it does.

    Args:
        model: The candidate.
        trial: How it did so far, in an earlier run perhaps.
    """

    def __init__(self, model: M, *, trial: Trial) -> None:
        self.model = model
        self.trial = trial
        self.day = Day()
        """Its alarms of a day."""
        self._in_use = Alarms()
        self._last_us = 0

    def take(
        self,
        features: Array,
        *,
        known: NDArray[np.bool_],
        in_use: Verdicts | None,
        words: Words,
        span_us: Sequence[int],
    ) -> None:
        """Let it score a window.

        Args:
            features: A row for each panel, NaN for what is missing.
            known: Where anything is.
            in_use: What the model in use said of each; None for rules alone.
            words: The faults' numbers.
            span_us: When the window began and ended, microseconds since 1970.
        """
        with contextlib.suppress(ModelError):  # its `failure` says so
            answer = self.model.score(features)
            told = verdicts(self.model, answer=answer, known=known, words=words)
            begin_us, end_us = span_us
            beside = np.where(known, NOTHING, UNKNOWN) if in_use is None else in_use
            both = (told != UNKNOWN) & (beside != UNKNOWN)
            # The windows of a night are none: their time counts with the first of the morning.
            span = end_us - (self._last_us or begin_us)
            span = span if 0 < span <= _DAY_US else end_us - begin_us
            self._last_us = end_us
            before = self.trial
            self.trial = msgspec.structs.replace(
                before,
                seconds=before.seconds + span / 1e6,
                panel_windows=before.panel_windows + int(both.sum()),
                agreed=before.agreed + int((both & (told == beside)).sum()),
                panel_days=before.panel_days + span / _DAY_US * int(known.sum()),
                alarms=before.alarms + self.day.take(told, end_us=end_us),
                alarms_in_use=before.alarms_in_use + self._in_use.take(beside),
            )
