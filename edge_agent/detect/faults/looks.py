"""What goes into the look at a window, and what comes out of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.model import Scores
from shared.features import Deviations
from shared.windows import Window

Array = NDArray[np.float64]


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
