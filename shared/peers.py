"""What the panels of a group have in common: medians over siblings."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MIN_PANELS: Final = 3
"""A median of fewer cannot say which one is wrong."""

_SIGMA: Final = 1.4826
_MIN_SPREAD: Final = 5


def nan_median(values: Array, *, axis: int) -> Array:
    """Return the median along an axis without NaN; NaN where nothing is known."""
    last = np.moveaxis(values, axis, -1)
    size = last.shape[-1]
    if not size:
        return np.full(last.shape[:-1], np.nan)
    ordered = np.sort(last, axis=-1).reshape(-1, size)
    known = size - np.count_nonzero(np.isnan(ordered), axis=-1)
    row = np.arange(len(ordered))
    low = ordered[row, np.maximum(known - 1, 0) // 2]
    high = ordered[row, np.minimum(known // 2, size - 1)]
    return np.asarray((low + high) / 2).reshape(last.shape[:-1])


def group_median(values: Array, *, group: NDArray[np.int32], least: int = MIN_PANELS) -> Array:
    """Return for each panel the median over its group, itself included.

    Args:
        values: Shape ``(..., panels)``; NaN is left out.
        group: The group of each panel, counted from 0, shape ``(panels,)``.
        least: Panels that must be known.

    Returns:
        Of the shape of ``values``; NaN where too few panels are known.
    """
    result = np.full(values.shape, np.nan)
    for number in range(int(group.max(initial=-1)) + 1):
        inside = group == number
        # All in one group is the usual case, and needs no copy.
        members: slice | NDArray[np.intp] = slice(None) if inside.all() else np.flatnonzero(inside)
        part = values[..., members]
        if part.shape[-1] < least:
            continue
        median = nan_median(part, axis=-1)
        enough = np.count_nonzero(~np.isnan(part), axis=-1) >= least
        result[..., members] = np.where(enough, median, np.nan)[..., np.newaxis]
    return result


def group_spread(values: Array, *, group: NDArray[np.int32]) -> Array:
    """Return for each panel the robust standard deviation of its group about zero.

    Args:
        values: Deviations, shape ``(..., panels)``; NaN is left out.
        group: The group of each panel, shape ``(panels,)``.

    Returns:
        Of the shape of ``values``; 0 where fewer than five panels are known.
    """
    spread = _SIGMA * group_median(np.abs(values), group=group, least=_MIN_SPREAD)
    return np.nan_to_num(spread)
