"""A panel that is heard of for a part of a window only was not measured under the same light."""

import numpy as np
from numpy.typing import NDArray

from shared.baselines import FEATURES
from shared.peers import group_median
from shared.windows import Window

Array = NDArray[np.float64]

_PRODUCTION = (FEATURES.index("amperes"), FEATURES.index("watts"))


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
