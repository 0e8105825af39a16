"""What an alert shows: deviations, what was expected, and what it costs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.looks import Look
from shared.baselines import FEATURES
from shared.features import Deviations
from shared.readings import QUANTITIES

Array = NDArray[np.float64]

_MEASURED: Final = ("temperature_celsius", "voltage_volts", "current_amperes", "power_output_watts")
_NAMES: Final = {
    "volts": "voltage_residual_share",
    "amperes": "current_against_siblings_share",
    "watts": "power_against_siblings_share",
    "celsius": "celsius_above_siblings",
    "conversion": "conversion_deviation_share",
    "volts_peer": "voltage_against_siblings_share",
}
_STEPS: Final = np.array([0.2, 0.5])
_WATTS: Final = FEATURES.index("watts")
_VOLTS: Final = FEATURES.index("volts")


def evidence(look: Look, *, watt_hours: Array) -> dict[str, Array]:
    """Return what was measured and compared, units in the names, one element a panel.

    Args:
        look: What was made of the window.
        watt_hours: What a day's production of each panel is; may know fewer panels.
    """
    recent = look.recent
    values = dict(zip(_MEASURED, look.window.values, strict=len(QUANTITIES) == len(_MEASURED)))
    shares = {_NAMES[name]: recent[number] for number, name in enumerate(FEATURES)}
    expected = look.found.expected_watts
    lost = share_lost(recent)
    daily = np.pad(watt_hours, (0, len(lost) - len(watt_hours)), constant_values=np.nan)
    return {
        **values,
        **shares,
        "expected_watts": expected,
        "lost_watts": np.maximum(lost, 0.0) * expected,
        "lost_watt_hours_per_day": np.maximum(lost, 0.0) * daily,
        "probability": look.probability,
        "novelty": np.full(len(lost), np.nan) if look.scores is None else look.scores.novelty,
    }


def share_lost(recent: Array) -> Array:
    """Return what share of its power each panel loses: against siblings, else by its voltage."""
    return np.asarray(np.where(np.isnan(recent[_WATTS]), -recent[_VOLTS], -recent[_WATTS]))


def level_of(found: Deviations, *, recent: Array) -> NDArray[np.int8]:
    """Return how bad it is: 0, from a fifth lost 1, from a half lost 2; shape ``(panels,)``."""
    lost = np.where(found.sun, np.nan_to_num(share_lost(recent)), 0.0)
    return np.searchsorted(_STEPS, lost, side="right").astype(np.int8)
