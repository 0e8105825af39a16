"""What the command line asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from models.simulator.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run; the names and meanings are those of the options of ``panel-simulator``."""

    panels: int
    """How many."""
    interval_s: float
    """Seconds between a panel's readings."""
    mqtt_url: str | None
    """None writes lines to standard output."""
    password_file: Path | None
    """Holds the MQTT password."""
    ca_file: Path | None
    """A trusted certificate authority."""
    site: str
    """The site's name."""
    seed: int
    """Another seed is another world."""
    panel_prefix: str
    """Put before ``PANEL-001``."""
    latitude: float
    """Degrees, north positive."""
    longitude: float
    """Degrees, east positive."""
    sun_now: bool
    """Choose the place so that the sun shines at the start."""
    sky: str | None
    """The type of every day; None draws each."""
    faults: Sequence[Fault]
    """What is wrong, and when."""
    history: timedelta
    """How much past to publish first."""
    history_interval_s: float
    """Seconds between a panel's readings in the history."""
    start: datetime
    """When live begins, UTC."""
    duration: timedelta | None
    """How long live lasts; None for ever."""
    batch: int
    """Readings in one message."""
    speed: float
    """Simulated seconds a second; 0 waits for nothing."""
    verbose: bool
    """A line for each reading."""
    json: bool
    """The final account as JSON."""
