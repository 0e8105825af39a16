"""What a panel loses where the sun stands when shade is usual for it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import Baseline
from shared.features import SUN_SHARE, Observed
from shared.history import BLOCK_US
from shared.peers import group_median

Array = NDArray[np.float64]

_DARKER: Final = 0.08
_DAY_US: Final = 86_400_000_000
_HOUR_US: Final = 3.6e9


def hours_of(time_us: NDArray[np.int64]) -> Array:
    """Return how many hours each row stands for, shape ``(n, 1)``; a gap counts as one row."""
    passed = np.diff(time_us, append=time_us[-1:] + BLOCK_US) / _HOUR_US
    return np.asarray(np.minimum(passed, 2 * float(np.median(passed)))[:, np.newaxis])


def shade_of(
    observed: Observed,
    *,
    time_us: NDArray[np.int64],
    shaded: NDArray[np.bool_],
    baseline: Baseline,
    group: NDArray[np.int32],
) -> Array:
    """Return watt hours lost in usual shade, and from and until what hour: ``(3, panels)``.

    Compared is with siblings that are not in shade just then, each by what it does in full sun.

    Args:
        observed: A day, shape ``(n, panels)``.
        time_us: Its rows, shape ``(n,)``.
        shaded: Where the sun is when shade is usual, shape ``(n, panels)``.
        baseline: What is usual.
        group: Panels of one number are siblings.
    """
    power = observed.power
    share = np.where(shaded, np.nan, power / baseline.peak_watts)
    light = group_median(share, group=group)
    short = shaded & (light >= SUN_SHARE)
    short &= power < (1.0 - _DARKER) * light * baseline.peak_watts
    lost = np.where(short, light * baseline.peak_watts - power, 0.0) * hours_of(time_us)
    some = short.any(axis=0)
    first, last = short.argmax(axis=0), len(short) - 1 - short[::-1].argmax(axis=0)
    edges = [time_us[first] - BLOCK_US // 2, time_us[last] + BLOCK_US // 2]
    hours = [np.where(some, edge % _DAY_US / _HOUR_US, np.nan) for edge in edges]
    return np.stack([lost.sum(axis=0), *hours])
