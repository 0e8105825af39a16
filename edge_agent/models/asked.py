"""What a model has to be able to do; `edge_agent.detect.model.Model` does."""

from collections import deque
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_CALLS: Final = 200
_ENOUGH: Final = 20


class Speed:
    """How long the last calls of a model took."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_CALLS)

    def took(self, seconds: float) -> None:
        """Note a call."""
        self._seconds.append(seconds)

    def milliseconds(self) -> float | None:
        """Return what 95 of 100 calls stay below; None before there were enough of them."""
        if len(self._seconds) < _ENOUGH:
            return None
        return float(np.quantile(np.array(self._seconds), 0.95)) * 1e3


class Asked(Protocol):
    """A model that is ready to be asked."""

    @property
    def speed(self) -> Speed:
        """How long its calls take."""

    @property
    def failure(self) -> str | None:
        """Why a call failed, if one did."""

    @property
    def version(self) -> str:
        """As its file says."""
