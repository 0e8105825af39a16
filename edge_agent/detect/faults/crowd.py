"""What half of the siblings have at once is no fault of panels: that is the site."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import NOTHING, UNNAMED

_SHARE: Final = 0.5
_LEAST_PANELS: Final = 4


def crowded(named: NDArray[np.int8], *, group: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the panels of groups of which half have the same fault, shape ``(panels,)``.

    Args:
        named: Each panel's kind of fault, as `edge_agent.detect.faults.kinds` counts them.
        group: Panels of one number are siblings.
    """
    result = np.zeros(len(named), np.bool_)
    for number in range(int(group.max(initial=-1)) + 1):
        members = group == number
        count = np.bincount(named[members] - UNNAMED, minlength=NOTHING - UNNAMED + 1)
        count[NOTHING - UNNAMED] = 0
        if members.sum() >= _LEAST_PANELS and count.max() >= _SHARE * members.sum():
            result |= members
    return result
