"""What the writer takes and gives back: checked rows under database keys, and their outcome."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.alerts import Episode
from shared.tables import Table


@dataclass(frozen=True, slots=True)
class Claim:
    """A segment's place in the ledger."""

    gateway_key: int
    stream: UUID
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings as the table ``reading_raw`` has them; all arrays have shape ``(n,)``."""

    panel_key: NDArray[np.int32]
    time_us: NDArray[np.int64]
    """Microseconds since 1970-01-01 UTC."""
    temperature_mc: NDArray[np.int32]
    voltage_mv: NDArray[np.int32]
    current_ma: NDArray[np.int32]
    power_mw: NDArray[np.int32]
    quality: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.panel_key)


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What a gateway's configuration says about a panel; None is "not said"."""

    panel_key: int
    model: str | None
    panel_group: str | None
    rated_watts: float | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """What one segment, or one request of JSON, brings; stored and counted as one."""

    site_key: int
    claim: Claim | None
    """None when the rows are no segment's."""
    rows: Rows | None = None
    rejected: int = 0
    """Readings that were refused before."""
    weather: Table | None = None
    """As `shared.segments.SCHEMA` says."""
    meter: Table | None = None
    """As `shared.segments.SCHEMA` says."""
    panels: list[PanelFacts] = field(default_factory=list)
    episodes: list[tuple[Episode, int | None]] = field(default_factory=list)
    """Alert states in order, each with the key of its panel."""
    health: tuple[datetime, dict[str, Any]] | None = None
    """The newest report of the gateway, and its time."""

    @property
    def readings(self) -> int:
        """Return how many readings it brings."""
        return 0 if self.rows is None else len(self.rows)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a part."""

    known: bool
    """The ledger had its range already; of its rows only those not there yet were stored."""
    accepted: int
    duplicates: int
