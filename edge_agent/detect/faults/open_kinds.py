"""Which fault each panel has an open episode of, and when it may get another name."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import DAILY, KINDS, NUMBER
from edge_agent.detect.persistence import Changes
from edge_agent.detect.rules.judgement import FINE, HOLDS, UNKNOWN

_RENAME_US: Final = 1_200_000_000
_NEW_US: Final = 600_000_000
_RENAME_NEW_US: Final = 180_000_000
_LEAST_WINDOWS: Final = 3
_GROWING: Final = NUMBER["connector_resistance"]
_THIRDS: Final = [NUMBER["bypass_diode"], NUMBER["shading"]]


class OpenKinds:
    """One name at a time for what ails a panel; a better one only after twenty minutes.

    Of the first minutes of a fault half are without it, and look like another: a name that is ten
    minutes old at most gives way after three.
    """

    def __init__(self) -> None:
        self._open = np.zeros((len(KINDS), 0), np.bool_)
        self._held_us = np.zeros((len(KINDS), 0), np.int64)
        self._age_us = np.zeros((len(KINDS), 0), np.int64)

    def any_but(self, numbers: Sequence[int]) -> NDArray[np.bool_]:
        """Return which panels have an open episode of another kind."""
        return np.asarray(np.delete(self._open, list(numbers), axis=0).any(axis=0))

    def ensure(self, panels: int) -> None:
        """Make room for as many panels."""
        more = panels - self._open.shape[1]
        if more > 0:
            self._open = np.pad(self._open, ((0, 0), (0, more)))
            self._held_us = np.pad(self._held_us, ((0, 0), (0, more)))
            self._age_us = np.pad(self._age_us, ((0, 0), (0, more)))

    def begin(self, number: int, panel: int) -> None:
        """Take up an open episode."""
        self._open[number, panel] = True
        self._age_us[number, panel] = _NEW_US

    def note(self, changes: Changes, *, panel: NDArray[np.intp]) -> None:
        """Take in what was raised and cleared."""
        self._open[changes.raised[:, 0], panel[changes.raised[:, 1]]] = True
        self._open[changes.cleared[:, 0], panel[changes.cleared[:, 1]]] = False

    def verdicts(
        self,
        named: NDArray[np.int8],
        *,
        fine: NDArray[np.bool_],
        width_us: int,
        unclear: NDArray[np.bool_],
    ) -> NDArray[np.int8]:
        """Return what holds of each kind and panel, shape ``(kinds, panels)``.

        Args:
            named: The kind of fault that is seen now, negative without.
            fine: Nothing deviates.
            width_us: How long this window is.
            unclear: Panels of which nothing is to be said.
        """
        kinds = np.arange(len(KINDS))[:, np.newaxis]
        seen = kinds == named
        self._held_us = np.where(seen, self._held_us + width_us, 0 * self._held_us)
        self._age_us = np.where(self._open, self._age_us + width_us, 0)
        other = self._open.copy()
        other[DAILY] = False
        new = np.where(other, self._age_us, 0).max(axis=0) <= _NEW_US
        named_already = other.any(axis=0) & ~(other & seen).any(axis=0)
        better = seen & (self._held_us >= _RENAME_US)
        # A resistance that has grown takes a third of the voltage on its way: it is still growing.
        better[_THIRDS] &= ~other[_GROWING]
        soon = max(_RENAME_NEW_US, _LEAST_WINDOWS * width_us)
        better |= seen & new & (self._held_us >= soon)
        holds = seen & (~named_already | better)
        renamed = (holds & named_already).any(axis=0)
        verdict = np.where(holds, HOLDS, np.where(fine, FINE, UNKNOWN)).astype(np.int8)
        verdict[other & renamed & ~holds] = FINE
        verdict[:, unclear] = UNKNOWN
        verdict[DAILY] = UNKNOWN
        return verdict
