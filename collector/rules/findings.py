"""What a rule found, and in what words it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.alerts import Severity


class Kind(StrEnum):
    """The alerts that the collector raises; each is about a whole site."""

    GATEWAY_SILENT = "gateway_silent"
    """Some of its gateways are not heard."""
    SITE_SILENT = "site_silent"
    """None of its gateways is heard."""
    SITE_DOWN = "site_down"
    """It is heard, the sun is up, and it gives nothing."""
    FLEET_OUTLIER = "fleet_outlier"
    """It gives much less than the sites around it."""
    CLOCK_DRIFT = "clock_drift"
    """A gateway's clock is wrong."""
    BUFFER_FILLING = "buffer_filling"
    """A gateway's buffer grows or is full."""
    DATA_LOST = "data_lost"
    """A gateway declared that readings are lost for good."""


RECOMMENDATIONS: Final = {
    Kind.GATEWAY_SILENT: "Look whether the gateway has power and its link works; what it hears "
    "meanwhile waits on its disk. `edge-agent check` at the gateway says more.",
    Kind.SITE_SILENT: "Look at the site's internet link and power first: all of its gateways are "
    "silent together.",
    Kind.SITE_DOWN: "Look whether the inverter runs, the grid is there and the breakers are "
    "closed; snow on all panels looks the same. Work on the DC side is for electricians.",
    Kind.FLEET_OUTLIER: "Compare the site with its neighbours day by day: look for strings that "
    "are off, soiling, snow, a limited feed-in, or a rated power entered wrongly.",
    Kind.CLOCK_DRIFT: "Set the gateway's clock, by NTP at best. Its readings carry the panels' own "
    "times where they have any; others are marked uncertain.",
    Kind.BUFFER_FILLING: "The link carries less than the site produces: look at its speed and at "
    "[upload] max_kbit_per_second and monthly_megabytes. When the buffer is full, detail goes.",
    Kind.DATA_LOST: "`collector gateway show` lists what is lost, from when to when and why. Give "
    "the buffer more room ([buffer] max_megabytes) or look at the gateway's disk.",
}
"""What to do about each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong at a site at this moment."""

    site_key: int
    """The site."""
    kind: Kind
    """What."""
    severity: Severity
    """How much it matters."""
    title: str
    """One line for a person."""
    since: datetime
    """Since when, UTC."""
    details: dict[str, Any] = field(default_factory=dict)
    """Evidence: measured values with units in their names."""
