"""How a panel's siblings do: panels of its group that were heard of recently."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.panels import Panels
from edge_agent.detect.samples import Samples

MIN_SIBLINGS: Final = 2
"""Fewer siblings tell nothing."""

_INTERVALS: Final = 2
_SHORTEST_US: Final = 60_000_000
_LONGEST_US: Final = 1_800_000_000


def median_watts(samples: Samples, *, panels: Panels) -> NDArray[np.float64]:
    """Return for each sample the median power of its siblings, itself left out.

    A sibling counts while its last reading is within two of its usual intervals (1 to 30 minutes)
    of the samples' time.

    Returns:
        Watts, shape ``(n,)``; NaN where fewer than `MIN_SIBLINGS` are known.
    """
    count = len(panels)
    tolerance = np.clip(_INTERVALS * panels.interval_us[:count], _SHORTEST_US, _LONGEST_US)
    reference = samples.time_us.max()
    power = panels.power_watts[:count]
    recent = panels.last_us[:count] >= reference - tolerance
    recent &= panels.last_us[:count] <= reference + _SHORTEST_US
    members = np.flatnonzero(recent & ~np.isnan(power))
    medians = np.full(count, np.nan)
    medians[members] = median_of_others(power[members], group=panels.group[members])
    return medians[samples.panel]


def median_of_others(
    values: NDArray[np.float64], *, group: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return for each value the median of the other values of its group.

    Args:
        values: No NaN among them, shape ``(n,)``.
        group: The group of each, shape ``(n,)``.

    Returns:
        Shape ``(n,)``; NaN where there are fewer than `MIN_SIBLINGS` others.
    """
    order = np.lexsort((values, group))
    ordered = values[order]
    _, start, size = np.unique(group[order], return_index=True, return_counts=True)
    first, count = np.repeat(start, size), np.repeat(size - 1, size)
    rank = np.arange(len(values)) - first

    def other(place: NDArray[np.intp]) -> NDArray[np.float64]:
        # Counted without itself, whatever stands behind it has moved up by one.
        at = first + place + (place >= rank)
        others: NDArray[np.float64] = ordered[np.minimum(at, len(ordered) - 1)]
        return others

    median = (other((count - 1) // 2) + other(count // 2)) / 2
    result = np.empty(len(values))
    result[order] = np.where(count >= MIN_SIBLINGS, median, np.nan)
    return result
