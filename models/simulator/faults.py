"""Faults: what can be wrong with a panel, its sensors or its messages, by name."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

ALL_PANELS: Final = "*"


class Where(StrEnum):
    """The stage at which a fault acts."""

    LIGHT = "light"
    """Less light reaches the cells."""
    MODULE = "module"
    """The module, its wiring or its converter works differently."""
    SENSOR = "sensor"
    """The panel is well, what is measured is not."""
    DELIVERY = "delivery"
    """Measured well, sent badly."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    """As on the command line."""
    code: int
    """As in labels; 0 is healthy."""
    where: Where
    """The stage at which it acts."""
    low: float
    """Least magnitude."""
    high: float
    """Greatest magnitude; each fault draws its own between the two."""
    meaning: str
    """What it does, with the unit of its magnitude."""


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("bypass_short", 1, Where.MODULE, 0, 0, "a bypass diode shorts a third of the module"),
        Kind("shade", 2, Where.MODULE, 0.3, 0.9, "one substring loses this share of its light"),
        Kind("hotspot", 3, Where.MODULE, 6, 8, "one substring at 75 % light, this many C warmer"),
        Kind("soil_panel", 4, Where.LIGHT, 0.08, 0.25, "dirt takes this share of the light"),
        Kind("degr_step", 5, Where.LIGHT, 0.06, 0.15, "a sudden loss of this share, for good"),
        Kind("soiling", 6, Where.LIGHT, 0.0005, 0.002, "dust: this share a day until it rains"),
        Kind("connector", 7, Where.MODULE, 0.6, 1.6, "resistance grows to this many ohms in 1 h"),
        Kind("pid", 8, Where.MODULE, 0, 0, "potential-induced degradation: shunts in all cells"),
        Kind("open", 9, Where.MODULE, 0, 0, "open circuit: no current, open-circuit voltage"),
        Kind("mppt_stuck", 10, Where.MODULE, 0.72, 0.88, "voltage stays at this share of Vmp"),
        Kind("degradation", 11, Where.LIGHT, 0.005, 0.008, "ageing: this share a year"),
        Kind("stuck_all", 12, Where.SENSOR, 0, 0, "all four values freeze"),
        Kind("stuck_v", 13, Where.SENSOR, 0, 0, "the voltage freezes"),
        Kind("temp_bias", 14, Where.SENSOR, 8, 15, "temperature reads this many C too high"),
        Kind("i_gain", 15, Where.SENSOR, 0.88, 0.88, "current reads this share of the truth"),
        Kind("spikes", 16, Where.SENSOR, 0.01, 0.02, "this share of readings has one wild value"),
        Kind("gaps", 17, Where.DELIVERY, 0.2, 0.4, "silent for this share of 20 s spells"),
        Kind("offline", 18, Where.DELIVERY, 0, 0, "nothing is sent"),
        Kind("duplicates", 19, Where.DELIVERY, 0.2, 0.4, "this share is sent twice"),
        Kind("out_of_order", 20, Where.DELIVERY, 0.2, 0.4, "this share is sent 2 to 30 s late"),
        Kind("clock_drift", 21, Where.DELIVERY, 20, 120, "its clock gains this many s a day"),
        Kind("unit_error", 22, Where.SENSOR, 0.001, 0.001, "power is sent in kilowatts"),
        Kind("snow", 23, Where.LIGHT, 0.97, 0.99, "snow takes this share of the light"),
        Kind("clipping", 24, Where.MODULE, 180, 220, "its converter gives at most this many W"),
    )
}
"""Every fault the simulator knows, by name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one panel, or of all, in ``[start, end)``."""

    name: str
    """A key of `KINDS`."""
    panel: str
    """A panel id, with or without the site's prefix, or ``*``."""
    start: datetime
    """UTC."""
    end: datetime | None = None
    """UTC; None when it lasts."""
    magnitude: float | None = None
    """In the unit of its kind; None to draw one."""
