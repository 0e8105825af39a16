"""What a trained model is given of a panel and a window: training and gateways share it.

All of it is relative to what is usual for the panel, so modules and strings of any size look
alike; what cannot be compared is NaN, and the model's file says what stands for it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import FEATURES, Baseline
from shared.features import Deviations, Observed
from shared.windows import Window

Array = NDArray[np.float64]

NAMES: Final = (
    *FEATURES,
    *(f"{name}_15_minutes" for name in FEATURES),
    "light",
    "power",
    "current",
    "resistance",
    "still",
    "still_volts_minutes",
)
"""The elements of a vector: the deviations of `shared.features` over the last minutes and over a
quarter of an hour; the siblings' production, the panel's own and its current as shares of full
sun; the voltage residual by that current; how many of the four values stand still; for how many
minutes the voltage has."""

_LEAST_CURRENT: Final = 0.08
_LONGEST_STILL: Final = 60.0


def vectors(
    found: Deviations,
    *,
    window: Window,
    recent: Array,
    quarter: Array,
    baseline: Baseline,
    still_volts_us: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return a row for each panel, shape ``(panels, len(NAMES))``; all NaN where nothing is known.

    Args:
        found: The window's deviations.
        window: What was measured.
        recent: Deviations of the last minutes, ``(features, panels)``.
        quarter: Their means over a quarter of an hour, of that shape.
        baseline: What is usual.
        still_volts_us: For how long each voltage has stood still, microseconds, ``(panels,)``.
    """
    observed = Observed.of(window.values, irradiance_w_m2=np.array(np.nan))
    current = observed.current / baseline.scale[1]
    usable = np.where(current >= _LEAST_CURRENT, current, np.nan)
    known = ~np.isnan(window.values)
    others = [
        found.expected_watts / baseline.peak_watts,
        observed.power / baseline.peak_watts,
        current,
        recent[0] / usable,
        np.where(known.any(axis=0), (window.still & known).sum(axis=0), np.nan),
        np.minimum(still_volts_us / 60e6, _LONGEST_STILL),
    ]
    rows = np.concatenate([recent, quarter, np.stack(others)])
    rows[:, np.isnan(recent).all(axis=0)] = np.nan
    return rows.T.astype(np.float32)
