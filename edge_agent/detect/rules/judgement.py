"""What a rule is, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.samples import Samples
from shared.alerts import Severity

HOLDS: Final = 1
"""What the rule looks for is there."""
UNKNOWN: Final = 0
"""It cannot be told: values are missing, it is night, or it is between both limits."""
FINE: Final = -1
"""It is certainly not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What a rule says of samples; arrays of shape ``(n,)``."""

    verdict: NDArray[np.int8]
    """`HOLDS`, `UNKNOWN` or `FINE`."""
    level: NDArray[np.int8]
    """How bad, as a position in the rule's ``severities``; only means something where it holds."""
    measured: Mapping[str, NDArray[np.float64]]
    """Evidence for each sample, units in the names; NaN is left out."""
    compared_with: Mapping[str, float]
    """Limits the evidence was compared with, units in the names."""


class Told(Protocol):
    """What is told, and after how long."""

    @property
    def alert_type(self) -> str:
        """Return the name of what it finds."""
        ...

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Return what the levels 0, 1, … mean, from mild to bad."""
        ...

    @property
    def raise_after_seconds(self) -> float:
        """Return how long it must hold before it is told."""
        ...

    @property
    def clear_after_seconds(self) -> float:
        """Return how long it must be fine again before that is told."""
        ...


class Rule(Told, Protocol):
    """Judges samples, each by itself."""

    def judge(self, samples: Samples, *, siblings_watts: NDArray[np.float64]) -> Judgement:
        """Judge each sample.

        Args:
            samples: One of each panel.
            siblings_watts: For each the siblings' median power, NaN when unknown.
        """
        ...


def verdicts(*, holds: NDArray[np.bool_], fine: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return verdicts from two masks that exclude each other."""
    return holds.astype(np.int8) - fine.astype(np.int8)
