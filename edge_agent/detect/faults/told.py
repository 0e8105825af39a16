"""What is told of each kind of fault, and where something may be told at all."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import KINDS, NUMBER
from edge_agent.detect.rules.judgement import UNKNOWN, Judgement
from shared.baselines import FEATURES
from shared.features import Deviations

Array = NDArray[np.float64]

_IN_SHADE_TOO: Final = (FEATURES.index("celsius"), FEATURES.index("conversion"))


def judgements_of(
    verdict: NDArray[np.int8], *, level: NDArray[np.int8], measured: Mapping[str, Array]
) -> list[Judgement]:
    """Return a judgement of each kind.

    Args:
        verdict: Shape ``(kinds, n)``.
        level: How bad, shape ``(n,)``.
        measured: Evidence, of that shape.
    """
    return [
        Judgement(
            verdict=verdict[number],
            level=np.minimum(level, len(kind.severities) - 1).astype(np.int8),
            measured=measured,
            compared_with={},
        )
        for number, kind in enumerate(KINDS)
    ]


def only(kind: str, *, verdict: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return verdicts of shape ``(kinds, n)`` that say nothing of any other kind."""
    result = np.full((len(KINDS), len(verdict)), UNKNOWN, np.int8)
    result[NUMBER[kind]] = verdict
    return result


def visible(found: Deviations, *, shaded: NDArray[np.bool_]) -> Array:
    """Return the deviations that may be judged: in sun, out of the usual shade."""
    stacked = np.where(found.sun, found.stacked(), np.nan)
    for feature in range(len(FEATURES)):
        if feature not in _IN_SHADE_TOO:
            stacked[feature] = np.where(shaded, np.nan, stacked[feature])
    return stacked
