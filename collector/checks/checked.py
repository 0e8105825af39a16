"""What checking a request leaves, and why the rest is left out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from collector.batch import Report
from collector.checks.windows import CheckedWindows
from collector.receipts import Rejection
from shared.alerts import Episode
from shared.losses import Loss
from shared.readings import Readings
from shared.tables import Table


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sender says about a panel; None is "not said"."""

    panel: str
    index: int = 0
    """The row that said it last."""
    model: str | None = None
    panel_group: str | None = None
    rated_watts: float | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a segment, or of a request of JSON, and why the rest is not."""

    readings: Readings | None = None
    origin: NDArray[np.int64] | None = None
    """Their positions in what was sent, shape ``(n,)``; None when all of it is left."""
    rejected: list[Rejection] = field(default_factory=list)
    weather: Table | None = None
    meter: Table | None = None
    windows: CheckedWindows | None = None
    panels: list[Facts] = field(default_factory=list)
    episodes: list[tuple[int, Episode]] = field(default_factory=list)
    """Alert states, each with its position."""
    report: Report | None = None
    losses: list[Loss] = field(default_factory=list)
