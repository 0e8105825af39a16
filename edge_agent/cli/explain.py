"""What is usual for a panel, in words and numbers: why something is told of it, or is not."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.cli.common import print_json, print_table
from edge_agent.config import Config
from edge_agent.detect import BASELINE, read_baseline
from edge_agent.errors import EdgeError
from edge_agent.outbox.state import recall_from
from edge_agent.site_detection import LEARNED
from shared.alerts import from_micros
from shared.baselines import FEATURES, HORIZONS_S, Baseline
from shared.errors import InvalidBaselineError
from shared.sky import Sky

_NAMED: Final = 5


def explain_here(config: Config, *, panel_id: str, json_: bool) -> None:
    """Print what the agent of a configuration has learned of a panel, whether it runs or not.

    Raises:
        EdgeError: It has learned nothing yet, or there is no such panel.
    """
    site = config.site
    baseline = learned_here(config.buffer.path)
    panel = explanation(baseline, panel_id=panel_id, sky=Sky(site.latitude, site.longitude))
    if json_:
        print_json(panel)
    else:
        print_explanation(panel)


def learned_here(outbox: Path) -> Baseline:
    """Return what the agent with an outbox has learned.

    Raises:
        EdgeError: Nothing yet, or it cannot be read.
    """
    page = recall_from(outbox, LEARNED + BASELINE) if outbox.exists() else None
    if page is None:
        raise EdgeError(
            f"the agent with the outbox {outbox} has learned nothing yet: it learns from a whole "
            "day of readings, once that has ended; --csv FILE learns from a file"
        )
    try:
        return read_baseline(page)[0]
    except InvalidBaselineError as error:
        raise EdgeError(f"what {outbox} keeps of the panels cannot be read: {error}") from error


def explanation(baseline: Baseline, *, panel_id: str, sky: Sky) -> dict[str, Any]:
    """Return what was learned of a panel.

    Args:
        baseline: What was learned of all.
        panel_id: The panel.
        sky: Where the site is, as it was when it was learned.

    Raises:
        EdgeError: There is no such panel.
    """
    if panel_id not in baseline.panel_ids:
        known = ", ".join(baseline.panel_ids[:_NAMED]) or "none"
        more = " and so on" * (len(baseline.panel_ids) > _NAMED)
        raise EdgeError(f"there is no panel {panel_id!r}; there are {known}{more}")
    at = baseline.panel_ids.index(panel_id)
    noon = np.nanmedian(baseline.ratio[:, :, at], axis=1)
    return {
        "panel_id": panel_id,
        "learned_from": "its own days" if baseline.own[at] else "its siblings",
        "days": int(baseline.days[at]),
        "learned_at": from_micros(baseline.fitted_us) if baseline.fitted_us else None,
        "peak_watts": _rounded(baseline.peak_watts[at]),
        "usual_volts": _rounded(baseline.scale[0, at]),
        "usual_amperes": _rounded(baseline.scale[1, at]),
        "volts_against_siblings": _rounded(noon[0]),
        "amperes_against_siblings": _rounded(noon[1]),
        "watts_against_siblings": _rounded(noon[2]),
        "watts_by_volts_times_amperes": _rounded(baseline.conversion[at]),
        "voltage_curve": [_rounded(value) for value in baseline.curve[:, at]],
        "shaded_cells": int(baseline.shaded[:, at].sum()),
        "usual_shade": sky.described(baseline.shaded[:, at]),
        "daily_sigma": [_rounded(value) for value in baseline.daily_sigma[:, at]],
        "sigmas": _by_horizon(baseline.sigma[:, :, at]),
        "smallest_told": _by_horizon(baseline.tolerance[:, :, at]),
    }


def print_explanation(panel: dict[str, Any]) -> None:
    """Print it as a table."""
    apart = ("sigmas", "smallest_told", "usual_shade")
    rows = [
        (name.replace("_", " "), str(value)) for name, value in panel.items() if name not in apart
    ]
    rows += [("usual shade", place) for place in panel["usual_shade"]]
    rows += [
        (f"wanders by, {name.replace('_', ' ')}", f"{value:g} times the noise")
        for name, value in panel["sigmas"].items()
    ]
    rows += [
        (f"tells {name.replace('_', ' ')} beyond", f"{value:g}")
        for name, value in panel["smallest_told"].items()
    ]
    print_table(("usual", "value"), rows=rows)


def _by_horizon(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    return {
        f"{feature}_{horizon // 60}_minutes": round(float(values[row, column]), 4)
        for row, horizon in enumerate(HORIZONS_S)
        for column, feature in enumerate(FEATURES)
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
