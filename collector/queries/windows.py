"""What detection at the edge made of each window of a panel."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.queries.intervals import Period
from collector.queries.panels import FoundPanel


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A panel in sun over one window, against what is usual; null is "cannot be told"."""

    panel_id: str
    """The panel."""
    timestamp: datetime
    """The beginning of the window, UTC."""
    seconds: int
    """How long it is."""
    voltage_residual_share: float | None
    """Voltage against the expected one of this temperature and current: -0.33 is a third less."""
    power_against_siblings_share: float | None
    """Power against the siblings' median and the usual ratio to it: 0 is as usual."""
    current_against_siblings_share: float | None
    """Current, in the same way."""
    voltage_against_siblings_share: float | None
    """Voltage, in the same way."""
    conversion_deviation_share: float | None
    """Power by voltage times current, against the usual."""
    celsius_above_siblings: float | None
    """Degrees above the siblings' median and the usual offset from it."""
    sigmas: float | None
    """How far the most unusual of these is from usual, in its own standard deviations."""
    probability: float | None
    """How likely the fault is by the model: 0 to 1; null without a model."""
    fault: str | None
    """The fault it looks like, as alerts have it in `alert_type`; null when nothing is wrong."""
    quality: int
    """Bits: 1 compared with siblings only, nothing learned of its own days yet, 2 usually in shade
    then, 4 all values stood still, 8 an instant rule tells of it, 16 a quantity is missing."""


_WINDOWS: Final = Statement.load("windows", row=Window)


async def list_windows(
    database: Database, *, panel: FoundPanel, period: Period, limit: int
) -> list[Window]:
    """Return at most ``limit`` windows of a panel in a period, the newest first."""
    return await _WINDOWS.all(
        database,
        panel_id=panel.panel_id,
        panel_key=panel.panel_key,
        start=period.start,
        end=period.end,
        limit=limit,
    )
