"""How often panels report, found from their readings, and the window that suits it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SECOND_US: Final = 1_000_000
SHORTEST_S: Final = 60
LONGEST_S: Final = 3600

_WIDTHS_S: Final = np.array([60, 120, 180, 300, 600, 900, 1200, 1800, LONGEST_S])
_JITTER: Final = 1.1
_ENOUGH: Final = 2


def width_for(interval_us: float) -> int:
    """Return the window for readings so far apart.

    Args:
        interval_us: Microseconds between a panel's readings.

    Returns:
        Microseconds: a minute, or the next of 2, 3, 5, 10, 15, 20, 30, 60 minutes that holds at
        least one reading.
    """
    reach_us = _WIDTHS_S * SECOND_US * _JITTER
    fits = _WIDTHS_S[reach_us >= interval_us]
    return int(fits[0] if len(fits) else LONGEST_S) * SECOND_US


def usual_interval_us(
    panel: NDArray[np.intp], *, time_us: NDArray[np.int64], panels: int
) -> float | None:
    """Return how far apart a panel's readings usually are.

    Args:
        panel: Which panel, shape ``(n,)``, counted from 0.
        time_us: When, shape ``(n,)``; in any order.
        panels: How many panels there are.

    Returns:
        The median over panels of their median interval, microseconds; None while fewer than half
        of the panels have told three times.
    """
    order = np.lexsort((time_us, panel))
    owner, passed = panel[order][1:], np.diff(time_us[order])
    usable = (owner == panel[order][:-1]) & (passed > 0)
    owner, passed = owner[usable], passed[usable]
    known = np.flatnonzero(np.bincount(owner, minlength=panels) >= _ENOUGH)
    if not len(known) or 2 * len(known) < panels:
        return None
    by_size = np.lexsort((passed, owner))
    owner, passed = owner[by_size], passed[by_size]
    first = np.searchsorted(owner, known, side="left")
    last = np.searchsorted(owner, known, side="right")
    return float(np.median(passed[(first + last - 1) // 2]))
