"""What a person reads: a title and what to do, by the signature of the evidence."""

import math
from collections.abc import Mapping
from typing import Any, Final

from shared.alerts import Severity

_PRESENT_VOLTS: Final = 10.0
_KILOWATTS_WITHIN: Final = 0.1

_TITLES: Final = {
    "over_temperature": "Module is too hot",
    "power_mismatch": "Power does not match voltage times current",
    "zero_power": "No power while the siblings produce",
    "flatline": "All values stand still",
    "bypass_diode": "A third of the module is bypassed",
    "shading": "Part of the module is in shade",
    "hot_spot": "Hot spot: warmer and weaker than its siblings",
    "light_loss": "Less light than its siblings",
    "connector_resistance": "Voltage is lost in a connector",
    "potential_induced_degradation": "Voltage and current are low: leaking cells",
    "off_maximum_power": "Works beside its maximum power point",
    "low_voltage": "Voltage is lower than it should be",
    "underperformance": "Less power than its siblings",
    "voltage_sensor": "The voltage sensor is wrong",
    "current_sensor": "The current sensor is wrong",
    "power_sensor": "The power meter is wrong",
    "temperature_sensor": "The temperature sensor is wrong",
    "slow_loss": "A small loss, day after day",
    "recurrent_shading": "Recurrent shading: in shade at the same hours, day after day",
    "site_outage": "The whole site has stopped producing",
    "site_loss": "The whole site produces far less than its light allows",
    "common_cause": "Many panels have the same trouble at once",
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
_KILOWATTS: Final = (
    "Power is a thousandth of voltage times current: have the device send watts, it seems to send "
    "kilowatts. Do not rely on this panel's power and energy until then."
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

_SENSOR: Final = (
    "Recalibrate or replace this sensor. The panel itself may be fine; do not rely on what it "
    "measures until then."
)
_RECOMMENDATIONS: Final = {
    "bypass_diode": (
        "Inspect the junction box: a bypass diode that conducts for good costs a third of the "
        "module. Look for a shadow first; if there is none, claim the warranty."
    ),
    "shading": (
        "Look for what casts the shadow: a plant, an aerial, snow, a bird's nest. Trim or move it; "
        "if it comes back at the same hour every day it is learned and no longer told."
    ),
    "hot_spot": (
        "Have the module inspected by thermography soon: cells that work against the others heat "
        "up and may burn the back sheet."
    ),
    "light_loss": (
        "Look at the glass: dirt, bird droppings, leaves. Clean it if that costs less than what is "
        "lost; if it is clean, the cells have aged or are damaged."
    ),
    "connector_resistance": (
        "Fire hazard: a plug or a clamp has a resistance that heats it. Have the connectors "
        "inspected by thermography soon, and replace both halves with the same make."
    ),
    "potential_induced_degradation": (
        "Test for potential-induced degradation, first at the ends of the string; an anti-PID "
        "device at the inverter or grounding can reverse it."
    ),
    "off_maximum_power": (
        "Restart the optimizer or inverter and check its firmware: the module is well, its "
        "working point is not."
    ),
    "low_voltage": (
        "Check the string for a bypassed module, a shorted diode or a wrong connection, and the "
        "connectors for heat."
    ),
    "underperformance": (
        "Compare with its siblings on the spot: shade, dirt, a fuse or a string that is off."
    ),
    "slow_loss": (
        "Look for dirt or a shadow that comes every day; clean it if that costs less than what is "
        "lost. Too small for an alarm within hours."
    ),
    "recurrent_shading": (
        "Something casts a shadow here whenever the sun stands there: a tree, a chimney, another "
        "row. Trim or move it, or move the panel, if that costs less than what is lost. The panel "
        "is well, and is not told of in these hours otherwise."
    ),
    "site_outage": (
        "All panels stopped at once, so it is not the panels: check the grid, the inverter and its "
        "switches. With voltage present the panels are well and nothing takes their power."
    ),
    "site_loss": (
        "All panels are concerned, so it is not one of them: look for snow or dust on all of them, "
        "for an inverter or a grid operator that holds them back, and at the irradiance sensor."
    ),
    "common_cause": (
        "It began for half of the siblings together, so look for what they share: the string, the "
        "inverter, the weather, their measuring device. Single panels are not told meanwhile."
    ),
}


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
            return _KILOWATTS if _in_kilowatts(details) else _MISMATCH
        case "flatline":
            return _FLATLINE
        case _:
            return _RECOMMENDATIONS.get(alert_type, _SENSOR)


def _in_kilowatts(details: Mapping[str, Any]) -> bool:
    watts, volt_amperes = details.get("power_output_watts"), details.get("volt_amperes")
    if watts is None or volt_amperes is None:
        return False
    return math.isclose(1_000 * watts, volt_amperes, rel_tol=_KILOWATTS_WITHIN)
