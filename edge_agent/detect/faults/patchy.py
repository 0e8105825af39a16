"""Windows of few readings: a part of the light was missed, or one wild value is half of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import FEATURES
from shared.peers import group_median
from shared.windows import Window

Array = NDArray[np.float64]

_PRODUCTION: Final = (FEATURES.index("amperes"), FEATURES.index("watts"))
_FEW: Final = 4
_APART: Final = 0.8
_TIMES: Final = 3.0


def with_patches(noise: Array, *, window: Window, group: NDArray[np.int32]) -> Array:
    """Return the noise of deviations, greater where readings are missing while the light moves.

    A missing half of a minute under moving clouds shifts the median by about half of what the
    siblings' production went up and down in that minute: a deviation of the sampling, not of the
    panel.

    Args:
        noise: Of each deviation, shape ``(features, panels)``.
        window: What was measured.
        group: Panels of one number are siblings, shape ``(panels,)``.
    """
    count = np.where(window.count > 0, window.count, np.nan)
    missing = np.maximum(1.0 - count / group_median(count, group=group), 0.0)
    shift = np.nan_to_num(missing * group_median(window.swing, group=group))
    result = noise.copy()
    for feature in _PRODUCTION:
        result[feature] = np.hypot(noise[feature], shift)
    return result


def wild(window: Window, *, group: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which panels jumped within a window as no sibling did, shape ``(panels,)``.

    Of many readings the median knows better; of two or three a wild value makes the whole. What
    falls by less than a half within the window may as well be a fault that begins.

    Args:
        window: What was measured.
        group: Panels of one number are siblings, shape ``(panels,)``.
    """
    usual = np.nan_to_num(group_median(window.swing, group=group))
    return np.asarray((window.count <= _FEW) & (window.swing > _APART + _TIMES * usual))


def frozen(window: Window) -> NDArray[np.bool_]:
    """Return of which panels all values stand still, three at least: they say nothing of it."""
    known = ~np.isnan(window.values)
    whole = known.sum(axis=0) >= len(window.values) - 1
    return np.asarray((window.still | ~known).all(axis=0) & whole)
