"""What the writer takes and gives back: checked rows under database keys, and their outcome."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.alerts import Episode
from shared.losses import Loss
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


@dataclass(frozen=True, slots=True, eq=False)
class WindowRows:
    """What detection made of windows, as the table ``detection_window`` has them."""

    panel_key: NDArray[np.int32]
    """Shape ``(n,)``."""
    table: Table
    """As `shared.tables.SCHEMA` says, with as many rows."""


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What a gateway's configuration says about a panel; None is "not said"."""

    panel_key: int
    model: str | None
    panel_group: str | None
    rated_watts: float | None
    latitude: float | None
    longitude: float | None

    def over(self, before: "PanelFacts") -> "PanelFacts":
        """Return these facts, completed with what was said before."""
        return PanelFacts(
            self.panel_key,
            *(
                getattr(before if getattr(self, name) is None else self, name)
                for name in self.__slots__[1:]
            ),
        )


@dataclass(frozen=True, slots=True)
class ResendAnswer:
    """What a gateway found when it was asked to send a time range again."""

    request: int
    segments: int
    """How many segments of the range it still held, and sends again."""
    rows: int
    """The rows in them."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a stream has counted its flushes, and which run of which outbox file it is."""

    next_seq: int = 0
    """The number its next flush will have, as far as told."""
    outbox: UUID | None = None
    """The file; None is "not said"."""
    run: int | None = None
    """The run, counted from 1."""


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What an outbox file held when it was last told of."""

    run: int
    """By which of its runs,"""
    next_seq: int
    """before which flush of that."""
    streams: list[UUID]
    """The streams, but for that run's, of which it held anything."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway's reports on itself say."""

    at: datetime | None
    """The time of the newest; None when its clock is so wrong that it does not count."""
    state: dict[str, Any] | None
    """The newest, whole."""
    tails: dict[UUID, Tail]
    """By stream."""
    outboxes: dict[UUID, OutboxState]
    """By outbox file, the newest of each."""
    answers: list[ResendAnswer]
    """Answers to requests to send again."""


@dataclass(frozen=True, slots=True)
class ResendDue:
    """A request to send a time range again, as a gateway is told it."""

    request: int
    from_at: datetime
    to_at: datetime


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
    windows: WindowRows | None = None
    panels: list[PanelFacts] = field(default_factory=list)
    episodes: list[tuple[Episode, int | None]] = field(default_factory=list)
    """Alert states in order, each with the key of its panel."""
    report: Report | None = None
    """What the gateway reports of itself."""
    losses: list[Loss] = field(default_factory=list)
    """What the gateway gave up."""

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
    resend: list[ResendDue] = field(default_factory=list)
    """What the gateway is to send again."""
