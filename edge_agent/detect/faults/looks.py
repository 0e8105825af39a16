"""What goes into the look at a window, and what comes out of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.model import Scores
from shared.features import Deviations
from shared.windows import Window

Array = NDArray[np.float64]

_LINGER_US: Final = 120_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """When something is told, of which panels; as `Persistence` and `Step` take samples."""

    panel: NDArray[np.intp]
    begin_us: NDArray[np.int64]
    time_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.panel)


@dataclass(frozen=True, slots=True, eq=False)
class Muted:
    """What instant rules tell already; arrays of shape ``(panels,)``."""

    everything: NDArray[np.bool_]
    """Whatever ails the panel."""
    sensors: NDArray[np.bool_]
    """That its power does not match."""

    def widened(self, panels: int) -> "Muted":
        """Return the same with room for panels that came later."""
        more = panels - len(self.everything)
        return Muted(np.pad(self.everything, (0, more)), np.pad(self.sensors, (0, more)))


class Lingering:
    """Keeps muted what was muted until just now.

    The window in which a fault ends is half of it; judged when the instant rule has ended already,
    it would be told as another fault.
    """

    def __init__(self) -> None:
        self._before: list[Muted] = []

    def with_before(self, muted: Muted, *, width_us: int) -> Muted:
        """Return what is muted in a window, or was in those just before it.

        Args:
            muted: What instant rules tell.
            width_us: How long windows are.
        """
        panels = len(muted.everything)
        kept = [each.widened(panels) for each in self._before[-max(1, _LINGER_US // width_us) :]]
        self._before = [*kept, muted]
        everything = np.logical_or.reduce([each.everything for each in self._before])
        sensors = np.logical_or.reduce([each.sensors for each in self._before])
        return Muted(everything, sensors)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was made of one window: for people who want to know why."""

    window: Window
    found: Deviations
    recent: Array
    """Deviations of the last minutes, ``(features, panels)``; NaN where nothing can be told."""
    z: Array
    """Against its own wandering, at the horizon where it is largest: ``(features, panels)``."""
    named: NDArray[np.int8]
    """Kind of fault of each panel, as in `edge_agent.detect.faults.kinds`."""
    ruled: NDArray[np.int8]
    """The same by the rules alone."""
    probability: Array
    """How likely that is by the model, shape ``(panels,)``; NaN without one."""
    features: NDArray[np.float32]
    """What a model is given, as in `shared.vectors`: ``(panels, len(NAMES))``."""
    scores: Scores | None
    """What the model says; None without one."""
    novel: NDArray[np.bool_]
    """Whether it looks like hardly anything the model was trained on, shape ``(panels,)``."""
