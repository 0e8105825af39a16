"""What checking a request leaves, and why the rest is left out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collector.receipts import Rejection
from shared.alerts import Episode
from shared.readings import Readings
from shared.tables import Table


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sender says about a panel; None is "not said"."""

    panel: str
    model: str | None = None
    panel_group: str | None = None
    rated_watts: float | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a segment, or of a request of JSON, and why the rest is not."""

    readings: Readings | None = None
    rejected: list[Rejection] = field(default_factory=list)
    weather: Table | None = None
    meter: Table | None = None
    panels: list[Facts] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    health: tuple[datetime, dict[str, Any]] | None = None
