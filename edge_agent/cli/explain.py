"""What is usual for a panel, in words and numbers: why something is told of it, or is not."""

from typing import Any

import numpy as np

from edge_agent.cli.common import print_table
from edge_agent.detect import SiteDetector
from edge_agent.errors import EdgeError
from shared.alerts import from_micros
from shared.baselines import FEATURES, HORIZONS_S


def explanation(detector: SiteDetector, *, panel_id: str) -> dict[str, Any]:
    """Return what was learned of a panel.

    Raises:
        EdgeError: There is no such panel.
    """
    baseline = detector.watch.learner.baseline
    if panel_id not in baseline.panel_ids:
        known = ", ".join(baseline.panel_ids[:5])
        raise EdgeError(f"there is no panel {panel_id!r}; there are {known} and so on")
    at = baseline.panel_ids.index(panel_id)
    noon = np.nanmedian(baseline.ratio[:, :, at], axis=1)
    limits = {
        f"{feature}_{horizon // 60}_minutes": round(float(baseline.tolerance[row, column, at]), 4)
        for row, horizon in enumerate(HORIZONS_S)
        for column, feature in enumerate(FEATURES)
    }
    return {
        "panel_id": panel_id,
        "learned_from": "its own days" if baseline.own[at] else "its siblings",
        "days": int(baseline.days[at]),
        "learned_at": from_micros(baseline.fitted_us),
        "peak_watts": _rounded(baseline.peak_watts[at]),
        "usual_volts": _rounded(baseline.scale[0, at]),
        "usual_amperes": _rounded(baseline.scale[1, at]),
        "volts_against_siblings": _rounded(noon[0]),
        "amperes_against_siblings": _rounded(noon[1]),
        "watts_against_siblings": _rounded(noon[2]),
        "watts_by_volts_times_amperes": _rounded(baseline.conversion[at]),
        "voltage_curve": [_rounded(value) for value in baseline.curve[:, at]],
        "shaded_cells": int(baseline.shaded[:, at].sum()),
        "daily_sigma": [_rounded(value) for value in baseline.daily_sigma[:, at]],
        "smallest_told": limits,
    }


def print_explanation(panel: dict[str, Any]) -> None:
    """Print it as a table."""
    limits = panel["smallest_told"]
    rows = [(name.replace("_", " "), str(value)) for name, value in panel.items()]
    rows = [row for row in rows if row[0] != "smallest told"]
    rows += [
        (f"tells {name.replace('_', ' ')} beyond", f"{value:g}") for name, value in limits.items()
    ]
    print_table(("usual", "value"), rows=rows)


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
