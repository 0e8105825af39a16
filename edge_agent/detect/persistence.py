"""Does it hold for long enough? Event time decides, and only time that was observed counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.panels import NEVER
from edge_agent.detect.rules import Judgement, Told
from edge_agent.detect.rules.judgement import FINE, HOLDS, UNKNOWN
from edge_agent.detect.samples import Moments

_BROKEN_AFTER_US: Final = 3_600_000_000
"""A run that was last confirmed this long ago begins anew."""

_STATE: Final = np.dtype(
    [
        ("open", np.bool_),
        ("latest", np.int8),  # the last verdict
        ("run", np.int8),  # the last verdict that was not UNKNOWN
        ("since_us", np.int64),  # when the run began
        ("until_us", np.int64),  # when it was last confirmed
        ("observed_us", np.int64),  # how much of it was observed
        ("level", np.int8),  # of the latest sample
        ("worst", np.int8),  # two samples in a row reached it
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What a step decided; pairs are ``[rule, row of the samples]``, arrays of shape ``(k, 2)``."""

    raised: NDArray[np.intp]
    holding: NDArray[np.intp]
    """Open before, and seen to hold again."""
    cleared: NDArray[np.intp]
    since_us: NDArray[np.int64]
    """When the present run began, shape ``(rules, n)``."""
    worst: NDArray[np.int8]
    """The worst level of the episode so far, shape ``(rules, n)``."""


class Persistence:
    """Remembers of every rule and panel what was said and for how long.

    A verdict's run lasts until the opposite verdict; UNKNOWN neither ends nor lengthens it.

    Args:
        rules: The rules, whose numbers are their places here.
    """

    def __init__(self, rules: Sequence[Told]) -> None:
        self._raise_after_us = _micros([rule.raise_after_seconds for rule in rules])
        self._clear_after_us = _micros([rule.clear_after_seconds for rule in rules])
        self._state = _blank(len(rules), 0)

    def ensure(self, capacity: int) -> None:
        """Make room for as many panels."""
        rules, present = self._state.shape
        if capacity > present:
            self._state = np.hstack([self._state, _blank(rules, capacity - present)])

    def step(
        self, samples: Moments, *, judgements: Sequence[Judgement], observed_us: NDArray[np.int64]
    ) -> Changes | None:
        """Take in each rule's judgement of each sample.

        Args:
            samples: Later than those before.
            judgements: What the rules say of them.
            observed_us: Observed time between each sample's last reading and the one before.

        Returns:
            What changed, None if nothing did.
        """
        state = self._state[:, samples.panel]
        verdict = np.array([judgement.verdict for judgement in judgements])
        level = np.array([judgement.level for judgement in judgements])
        _extend(state, verdict=verdict, samples=samples, observed_us=observed_us)
        _grade(state, level=np.where(verdict == HOLDS, level, 0))
        holds, was_open, observed = verdict == HOLDS, state["open"].copy(), state["observed_us"]
        raised = holds & ~was_open & (observed >= self._raise_after_us)
        cleared = was_open & (verdict == FINE) & (observed >= self._clear_after_us)
        state["open"] = (was_open | raised) & ~cleared
        self._state[:, samples.panel] = state
        if not (state["open"] | cleared).any():
            return None
        return Changes(
            raised=np.argwhere(raised),
            holding=np.argwhere(holds & was_open),
            cleared=np.argwhere(cleared),
            since_us=state["since_us"],
            worst=state["worst"],
        )

    def reopen(self, rule: int, panel: int, *, since_us: int, until_us: int, worst: int) -> None:
        """Take up an episode that was open when the agent stopped."""
        self._state[rule, panel] = (True, UNKNOWN, HOLDS, since_us, until_us, 0, 0, worst)

    def move(self, panels: NDArray[np.intp], *, shift_us: int) -> None:
        """Move the runs of these panels in time: the clock that dated them was set."""
        state = self._state[:, panels]
        seen = state["until_us"] != NEVER
        for name in ("since_us", "until_us"):
            state[name] += np.where(seen, shift_us, 0)
        self._state[:, panels] = state

    def interrupt(self, panels: NDArray[np.intp]) -> None:
        """Begin all runs of these panels anew, keeping open what is open."""
        state = self._state[:, panels]
        state["latest"] = state["run"] = UNKNOWN
        state["until_us"] = NEVER
        self._state[:, panels] = state


def _extend(
    state: NDArray[Any],
    *,
    verdict: NDArray[np.int8],
    samples: Moments,
    observed_us: NDArray[np.int64],
) -> None:
    """Lengthen the runs that go on, and begin those that do not."""
    told = verdict != UNKNOWN
    time_us, within_us = samples.time_us, samples.time_us - samples.begin_us
    broken = time_us - np.maximum(state["until_us"], 0) > _BROKEN_AFTER_US
    begins = told & ((verdict != state["run"]) | broken)
    again = (verdict == state["latest"]) & ~begins
    counted = np.where(again, np.maximum(observed_us, within_us), within_us)
    state["observed_us"] = np.where(begins, 0, state["observed_us"]) + np.where(told, counted, 0)
    state["since_us"] = np.where(begins, samples.begin_us, state["since_us"])
    state["until_us"] = np.where(told, time_us, state["until_us"])
    state["run"] = np.where(told, verdict, state["run"])
    state["latest"] = verdict
    state["worst"][begins & ~state["open"]] = 0
    state["level"][begins] = 0


def _grade(state: NDArray[Any], *, level: NDArray[np.int8]) -> None:
    """Count a level once two samples in a row reach it: one outlier is no escalation."""
    state["worst"] = np.maximum(state["worst"], np.minimum(level, state["level"]))
    state["level"] = level


def _micros(seconds: list[float]) -> NDArray[np.int64]:
    return np.rint(np.array(seconds) * 1e6).astype(np.int64)[:, np.newaxis]


def _blank(rules: int, panels: int) -> NDArray[Any]:
    state = np.zeros((rules, panels), _STATE)
    state["latest"] = state["run"] = UNKNOWN
    state["until_us"] = NEVER
    return state
