"""Windows as rows, so that operators can see why something was told, or was not."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import KINDS, NOTHING
from edge_agent.detect.faults.looks import Look, Muted
from shared.baselines import FEATURES, Baseline
from shared.quality import WindowQuality
from shared.readings import MISSING
from shared.sky import Sky
from shared.tables import SCHEMA, Table, Text

_MOST_WAITING: Final = 64
"""Windows kept while nobody takes them; a flush takes them each second."""
_MISSING_I2: Final = np.iinfo(np.int16).min
_LARGEST_I2: Final = np.iinfo(np.int16).max
_DEGREE_STEP_MC: Final = 100
_SHARES: Final = {
    "voltage_residual_thousandths": FEATURES.index("volts"),
    "current_thousandths": FEATURES.index("amperes"),
    "power_thousandths": FEATURES.index("watts"),
    "conversion_thousandths": FEATURES.index("conversion"),
    "voltage_thousandths": FEATURES.index("volts_peer"),
}
_CELSIUS: Final = FEATURES.index("celsius")
_NAMES: Final = ("unnamed", "", *(kind.alert_type for kind in KINDS))
"""By the number of a kind, counted from `UNNAMED`."""


class WindowRows:
    """Gathers the rows of windows: of each panel that was heard of in sun.

    Args:
        panel_ids: The panels by number; may grow.
        sky: Where the site is.
    """

    def __init__(self, panel_ids: list[str], *, sky: Sky) -> None:
        self._panel_ids = panel_ids
        self._sky = sky
        self._waiting: list[dict[str, NDArray[Any]]] = []
        self.dropped = 0
        """Windows nobody took."""

    def note(self, look: Look, *, baseline: Baseline, muted: Muted) -> None:
        """Take in what was made of a window.

        Args:
            look: What was made of it.
            baseline: What it was compared with.
            muted: What instant rules told meanwhile.
        """
        panel = np.flatnonzero(look.found.sun & (look.window.count > 0))
        if not len(panel):
            return
        deviation = look.found.stacked()[:, panel]
        rows: dict[str, NDArray[Any]] = {
            "panel": panel,
            "time_us": np.full(len(panel), look.window.start_us, np.int64),
            "seconds": np.full(len(panel), look.window.width_us // 1_000_000, np.int32),
            "temperature_mc": _degrees(deviation[_CELSIUS]),
            "sigmas_tenths": _scaled(np.fmax.reduce(np.abs(look.z[:, panel])), by=10),
            "probability_thousandths": _scaled(look.probability[panel], by=1000),
            "kind": look.named[panel].astype(np.int32),
            "quality": self._quality(look, baseline=baseline, muted=muted)[panel],
        }
        for name, feature in _SHARES.items():
            rows[name] = _scaled(deviation[feature], by=1000)
        if len(self._waiting) >= _MOST_WAITING:
            del self._waiting[0]
            self.dropped += 1
        self._waiting.append(rows)

    def take(self) -> Table | None:
        """Return all rows since the last call, ordered by panel and time; None without any."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return None
        rows = {name: np.concatenate([part[name] for part in waiting]) for name in waiting[0]}
        order = np.lexsort((rows["time_us"], rows["panel"]))
        rows = {name: column[order] for name, column in rows.items()}
        there, index = np.unique(rows["panel"], return_inverse=True)
        kinds, kind = np.unique(rows["kind"], return_inverse=True)
        texts = {
            "panel": Text(tuple(self._panel_ids[at] for at in there), index.astype(np.int32)),
            "kind": Text(
                tuple(_NAMES[at - NOTHING + 1] for at in kinds.tolist()), kind.astype(np.int32)
            ),
        }
        return {name: texts.get(name, rows[name]) for name in SCHEMA["windows"]}

    def _quality(self, look: Look, *, baseline: Baseline, muted: Muted) -> NDArray[np.int16]:
        window = look.window
        middle = np.array((window.start_us + window.end_us) // 2)
        panels = len(look.named)
        bits = {
            WindowQuality.COLD: ~baseline.own[:panels],
            WindowQuality.SHADED: baseline.shaded[self._sky.cells(middle)][:panels],
            WindowQuality.STILL: window.still[1:].all(axis=0),
            WindowQuality.MUTED: muted.everything | muted.sensors,
            WindowQuality.INCOMPLETE: np.isnan(window.values).any(axis=0),
            WindowQuality.NOVEL: look.novel,
        }
        found = sum(np.where(holds, int(bit), 0) for bit, holds in bits.items())
        return np.asarray(found, np.int16)


def _scaled(values: NDArray[np.float64], *, by: int) -> NDArray[np.int16]:
    """Return rounded multiples within what two bytes hold; NaN becomes the least of them."""
    bounded = np.clip(np.rint(values * by), -_LARGEST_I2, _LARGEST_I2)
    return np.where(np.isnan(values), _MISSING_I2, np.nan_to_num(bounded)).astype(np.int16)


def _degrees(celsius: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return thousandths of a degree in tenths: no sensor is better, and noise costs bytes."""
    steps = np.rint(np.clip(celsius, -1000, 1000) * 1000 / _DEGREE_STEP_MC) * _DEGREE_STEP_MC
    return np.where(np.isnan(celsius), MISSING, np.nan_to_num(steps)).astype(np.int32)
