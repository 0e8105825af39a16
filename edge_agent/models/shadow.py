"""A candidate looks at the windows that the model in use looks at; nobody hears what it says."""

import contextlib
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import ModelError
from edge_agent.models.asked import Array, Asked
from edge_agent.models.record import Trial
from edge_agent.models.tally import Alarms, Day, Names

M = TypeVar("M", bound=Asked)

_DAY_US: Final = 86_400_000_000


class Seen(NamedTuple):
    """One window, as it was looked at."""

    features: Array
    """What a model is given of each panel: ``(panels, features)``."""
    ruled: Names
    """What the rules alone say of each: a fault's number, or less: ``(panels,)``."""
    named: Names
    """What is said of each with the model in use."""
    begin_us: int
    """When it began, microseconds since 1970,"""
    end_us: int
    """and ended."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return the panels of which anything is known."""
        return np.asarray(~np.isnan(self.features).all(axis=1))


class Shadow(Generic[M]):
    """One candidate, and how it does.

    Args:
        model: The candidate.
        trial: How it did so far, in an earlier run perhaps.
        names: What would be said of a window with a model; raises `ModelError`.
    """

    def __init__(self, model: M, *, trial: Trial, names: Callable[[M, Seen], Names]) -> None:
        self.model = model
        self.trial = trial
        self.day = Day()
        """Its alarms of a day."""
        self._names = names
        self._in_use = Alarms()
        self._last_us = 0

    def take(self, seen: Seen) -> None:
        """Let it look at a window."""
        with contextlib.suppress(ModelError):  # its `failure` says so
            self._note(seen, named=self._names(self.model, seen))

    def _note(self, seen: Seen, *, named: Names) -> None:
        known, before = seen.known, self.trial
        # There are no windows at night: its time counts with the first of the morning.
        span = seen.end_us - (self._last_us or seen.begin_us)
        span = span if 0 < span <= _DAY_US else seen.end_us - seen.begin_us
        self._last_us = seen.end_us
        self.trial = msgspec.structs.replace(
            before,
            seconds=before.seconds + span / 1e6,
            panel_windows=before.panel_windows + int(known.sum()),
            agreed=before.agreed + int((known & (named == seen.named)).sum()),
            panel_days=before.panel_days + span / _DAY_US * int(known.sum()),
            alarms=before.alarms + self.day.take(named, known=known, end_us=seen.end_us),
            alarms_in_use=before.alarms_in_use + self._in_use.take(seen.named, known=known),
        )
