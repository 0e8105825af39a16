"""Which siblings a panel follows most closely, and what they say it should produce.

The plain median of the siblings knows the sun, not the shadow of a cloud, the morning haze or the
dirt of one row. What a panel has beyond the median is a weighted sum of what its nearest kin have
beyond it: ridge regression on the eight that went along with it best. With no weights, before
anything was learned, it is the median.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import KIN, Baseline
from shared.peers import group_spread

Array = NDArray[np.float64]

_SIGMAS: Final = 3.0
_LEAST_SPREAD: Final = 0.02
_RIDGE: Final = 0.1
_LEAST_PANELS: Final = 5


def beyond_median(relative: Array, *, light: Array, group: NDArray[np.int32]) -> Array:
    """Return what each panel has beyond its siblings' median, as a share; 0 where unknown.

    It is cut where a panel leaves its siblings: one that fails must not take others with it.

    Args:
        relative: Production against the usual ratio, shape ``(..., panels)``.
        light: The siblings' median of it, of that shape.
        group: Panels of one number are siblings.
    """
    apart = relative / np.where(light > 0, light, np.nan) - 1.0
    most = np.maximum(_SIGMAS * group_spread(apart, group=group), _LEAST_SPREAD)
    return np.asarray(np.clip(np.nan_to_num(apart), -most, most))


def expected_beyond(beyond: Array, *, baseline: Baseline) -> Array:
    """Return what its kin say each panel should have beyond the median, of the same shape."""
    total = np.zeros(beyond.shape)
    for place in range(KIN):
        weight = baseline.kin_weight[place]
        if weight.any():
            total += weight * beyond[..., baseline.kin[place]]
    return total


def learn_kin(beyond: Array, *, group: NDArray[np.int32]) -> tuple[NDArray[np.int32], Array]:
    """Return each panel's kin and their weights, both of shape ``(KIN, panels)``.

    Args:
        beyond: Of fault-free moments in sun, shape ``(n, panels)``.
        group: Panels of one number are siblings.
    """
    panels = beyond.shape[1]
    kin, weight = np.full((KIN, panels), -1, np.int32), np.zeros((KIN, panels))
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        if len(members) < _LEAST_PANELS or not len(beyond):
            continue
        nearest, share = _regressed(beyond[:, members])
        kin[: len(nearest), members] = members[nearest]
        weight[: len(nearest), members] = share
    return kin, weight


def _regressed(beyond: Array) -> tuple[NDArray[np.intp], Array]:
    panels = beyond.shape[1]
    most = min(KIN, panels - 1)
    product = beyond.T @ beyond
    size = np.sqrt(np.maximum(np.diag(product), 1e-12))
    alike = product / size / size[:, np.newaxis]
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argsort(-np.abs(np.where(np.isfinite(alike), alike, 0.0)), axis=1, kind="stable")
    nearest = nearest[:, :most]
    left = product[nearest[:, :, np.newaxis], nearest[:, np.newaxis, :]]
    middle = np.trace(left, axis1=1, axis2=2)[:, np.newaxis, np.newaxis] / most
    left = left + (_RIDGE * middle + 1e-9) * np.eye(most)
    right = product[np.arange(panels)[:, np.newaxis], nearest]
    return nearest.T, np.linalg.solve(left, right[..., np.newaxis])[..., 0].T
