"""The faults that can be named, and how each is told."""

from dataclasses import dataclass
from typing import Final

from shared.alerts import Severity

_LOSS: Final = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
_SENSOR: Final = (Severity.LOW,)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault; also a rule as `edge_agent.detect.persistence` counts them."""

    alert_type: str
    """Its name in alerts."""
    severities: tuple[Severity, ...]
    """By how much is lost: little, a fifth, a half."""
    raise_after_seconds: float = 60.0
    """How long it must hold."""
    clear_after_seconds: float = 300.0
    """How long it must be fine again."""


KINDS: Final = (
    Kind("bypass_diode", (Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH)),
    Kind("shading", _LOSS),
    Kind("hot_spot", (Severity.HIGH,)),
    Kind("light_loss", _LOSS),
    Kind("connector_resistance", (Severity.HIGH,)),
    Kind("potential_induced_degradation", (Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH)),
    Kind("off_maximum_power", _LOSS),
    Kind("low_voltage", _LOSS),
    Kind("underperformance", _LOSS),
    Kind("voltage_sensor", _SENSOR),
    Kind("current_sensor", _SENSOR),
    Kind("power_sensor", _SENSOR),
    Kind("temperature_sensor", _SENSOR),
    Kind("slow_loss", (Severity.LOW,), raise_after_seconds=0.0, clear_after_seconds=0.0),
    Kind("recurrent_shading", (Severity.LOW,), raise_after_seconds=0.0, clear_after_seconds=0.0),
)
"""Every fault that can be named; its number is its place here."""

NUMBER: Final = {kind.alert_type: number for number, kind in enumerate(KINDS)}
"""Alert type to number."""

SENSORS: Final = tuple(
    NUMBER[name] for name in ("voltage_sensor", "current_sensor", "power_sensor")
)
"""What the instant rule `power_mismatch` tells as well."""

DAILY: Final = [NUMBER["slow_loss"], NUMBER["recurrent_shading"]]
"""What is told of days, beside whatever is told of the moment."""

PASSING: Final = [NUMBER["shading"], NUMBER["underperformance"]]
"""What may be the shadow of something: once it is gone the panel is as it was."""

NOTHING: Final = -1
"""No fault."""

UNNAMED: Final = -2
"""Something is unusual, and another rule tells it."""
