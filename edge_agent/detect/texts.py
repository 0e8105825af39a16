"""What a person reads: a title and what to do, by the signature of the evidence."""

from collections.abc import Mapping
from typing import Any, Final

from shared.alerts import Severity

_PRESENT_VOLTS: Final = 10.0

_TITLES: Final = {
    "over_temperature": "Module is too hot",
    "power_mismatch": "Power does not match voltage times current",
    "zero_power": "No power while the siblings produce",
    "flatline": "All values stand still",
}

_HOT: Final = (
    "Look for a hot spot or a hot connector by thermography; check that air can pass behind the "
    "module. If only this module is hot and its power is normal, check the temperature sensor."
)
_DANGEROUSLY_HOT: Final = (
    "Fire hazard: keep away from the module and its connectors, switch the string off if it can be "
    "done safely, and have connectors and junction box inspected by thermography at once."
)
_MISMATCH: Final = (
    "Recalibrate or replace the sensors: one of voltage, current and power is wrong. Do not rely "
    "on this panel's power and energy until then."
)
_OPEN_CIRCUIT: Final = (
    "Voltage is present but no current flows: an open circuit or an optimizer that is off. Check "
    "the connectors, the fuse and the optimizer."
)
_DEAD: Final = (
    "Neither power nor voltage: check whether the panel is disconnected, short-circuited or fully "
    "covered, and whether its measuring device works."
)
_NO_POWER: Final = (
    "Check the connectors, the fuse and the optimizer, and whether the panel is fully covered."
)
_FLATLINE: Final = (
    "The sensor or its firmware hangs: restart the measuring device, and replace it if it happens "
    "again. The panel itself may be fine; its readings tell nothing until then."
)


def title_of(alert_type: str) -> str:
    """Return one line for a person."""
    return _TITLES[alert_type]


def recommendation_of(alert_type: str, *, severity: Severity, details: Mapping[str, Any]) -> str:
    """Return what to do about it, given how bad it is and what was measured."""
    match alert_type:
        case "over_temperature":
            return _DANGEROUSLY_HOT if severity is Severity.CRITICAL else _HOT
        case "zero_power":
            volts = details.get("voltage_volts")
            if volts is None:
                return _NO_POWER
            return _OPEN_CIRCUIT if volts >= _PRESENT_VOLTS else _DEAD
        case "power_mismatch":
            return _MISMATCH
        case _:
            return _FLATLINE
