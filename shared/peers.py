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
    ordered = np.sort(values, axis=axis)
    known = np.count_nonzero(~np.isnan(ordered), axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis)
    high = np.take_along_axis(ordered, np.minimum(known // 2, values.shape[axis] - 1), axis)
    return np.asarray(np.squeeze((low + high) / 2, axis=axis))


def group_median(values: Array, *, group: NDArray[np.int32], least: int = MIN_PANELS) -> Array:
    """Return for each panel the median over its group, itself included.

    Args:
        values: Shape ``(..., panels)``; NaN is left out.
        group: The group of each panel, shape ``(panels,)``.
        least: Panels that must be known.

    Returns:
        Of the shape of ``values``; NaN where too few panels are known.
    """
    result = np.full(values.shape, np.nan)
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        if len(members) < least:
            continue
        part = values[..., members]
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
