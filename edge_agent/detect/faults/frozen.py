"""A voltage that stands still while the rest of the panel moves."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.windows import Window

_LEAST_US: Final = 600_000_000
_LEAST_WINDOWS: Final = 6
_VOLTS, _AMPERES, _WATTS = 1, 2, 3


class Frozen:
    """Counts for how long each panel's voltage has been exactly the same, in sun."""

    def __init__(self) -> None:
        self._still_us = np.zeros(0, np.int64)
        self._windows = np.zeros(0, np.int64)

    @property
    def still_us(self) -> NDArray[np.int64]:
        """Return for how long each voltage has stood still, microseconds, shape ``(panels,)``."""
        return self._still_us

    def step(self, window: Window, *, sun: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take in a window, and return where the voltage alone stands still for too long."""
        missing = len(sun) - len(self._still_us)
        self._still_us = np.pad(self._still_us, (0, missing))
        self._windows = np.pad(self._windows, (0, missing))
        moving = ~window.still[_AMPERES] | ~window.still[_WATTS]
        still = window.still[_VOLTS] & sun & moving
        unknown = np.isnan(window.values[_VOLTS]) | ~sun
        self._still_us = np.where(
            still, self._still_us + window.width_us, np.where(unknown, self._still_us, 0)
        )
        self._windows = np.where(still, self._windows + 1, np.where(unknown, self._windows, 0))
        return np.asarray((self._still_us >= _LEAST_US) & (self._windows >= _LEAST_WINDOWS) & still)
