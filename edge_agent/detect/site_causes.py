"""What concerns the whole site at once: one episode of it, instead of one for each panel.

Siblings are compared with each other, so what stops all of them shows in none: the grid is off, or
the inverter; snow lies on all. And what half of a group has at the same moment is silenced there
as no fault of panels (`edge_agent.detect.faults.watch`); it is told here.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.episodes import EpisodeLog
from edge_agent.detect.faults.kinds import KINDS, Kind
from edge_agent.detect.faults.looks import Spans
from edge_agent.detect.findings import Step
from edge_agent.detect.panels import NEVER
from edge_agent.detect.persistence import Persistence
from edge_agent.detect.rules.judgement import FINE, HOLDS, UNKNOWN, Judgement
from shared.alerts import Episode, Severity, to_micros
from shared.peers import MIN_PANELS, nan_median
from shared.windows import Window

Array = NDArray[np.float64]

SITE_KINDS: Final = (
    Kind("site_outage", (Severity.HIGH,), raise_after_seconds=120.0, clear_after_seconds=60.0),
    Kind("site_loss", (Severity.MEDIUM,), raise_after_seconds=1800.0, clear_after_seconds=900.0),
    Kind("common_cause", (Severity.MEDIUM,), raise_after_seconds=300.0, clear_after_seconds=600.0),
)
"""What is told of a site; its number is its place here."""

_OUTAGE, _LOSS, _COMMON = range(len(SITE_KINDS))
_MOST: Final = 0.8
"""Share of the panels that must have stopped."""
_NOTHING: Final = 0.02
_PRODUCING: Final = 0.05
_IN_SUN: Final = 0.2
_SUDDEN_US: Final = 300_000_000
_BRIGHT_W_M2: Final = 200.0
_FULL_SUN_W_M2: Final = 1000.0
_LITTLE: Final = 0.15
_ENOUGH: Final = 0.3


class SiteCauses:
    """Watches the windows of a site as a whole."""

    def __init__(self) -> None:
        self.episodes = EpisodeLog([None])
        self._persistence = Persistence(SITE_KINDS)
        self._persistence.ensure(1)
        self._peak = np.zeros(0)
        self._sun_until_us = NEVER
        self._out = False

    def step(self, window: Window, *, peak_watts: Array, crowd: NDArray[np.int8]) -> None:
        """Take in a window.

        Args:
            window: Later than the ones before.
            peak_watts: What each panel produces in full sun, NaN where not known yet.
            crowd: The kind of fault of each panel that most of its siblings have too, else below 0.
        """
        share = self._shares(window, peak_watts=peak_watts)
        known = ~np.isnan(share)
        if known.sum() < MIN_PANELS:
            return
        level = float(nan_median(share, axis=0))
        if level >= _IN_SUN:
            self._sun_until_us = window.end_us
        stopped = np.count_nonzero(share <= _NOTHING)
        measured = {
            "panels": float(known.sum()),
            "panels_without_power": float(stopped),
            "power_share_of_full_sun": level,
            "voltage_volts": float(nan_median(window.values[1], axis=0)),
            "irradiance_w_m2": window.irradiance_w_m2,
        }
        verdicts = {
            _OUTAGE: self._outage(window, level=level, stopped=stopped / known.sum()),
            _LOSS: self._loss(window, level=level),
            _COMMON: _common(crowd, level=level, measured=measured),
        }
        self._tell(window, verdicts=verdicts, measured=measured)

    def resume(self, episode: Episode) -> bool:
        """Take up an episode of an earlier run; False if it is none of ours."""
        numbers = {kind.alert_type: number for number, kind in enumerate(SITE_KINDS)}
        number = numbers.get(episode.alert_type)
        if number is None or not self.episodes.resume(episode, panel=0):
            return False
        self._persistence.reopen(
            number,
            0,
            since_us=to_micros(episode.raised_at),
            until_us=to_micros(episode.last_seen_at),
            worst=0,
        )
        self._out = self._out or number == _OUTAGE
        return True

    def move(self, shift_us: int) -> None:
        """Move in time what is known: the clock that dated it was set."""
        self._persistence.move(np.zeros(1, np.intp), shift_us=shift_us)
        self.episodes.move({0}, shift_us=shift_us)
        self._sun_until_us = NEVER

    def _shares(self, window: Window, *, peak_watts: Array) -> Array:
        """Return each panel's power as a share of its peak, NaN where that says nothing."""
        _, volts, amperes, watts = window.values
        power = np.where(np.isnan(watts), volts * amperes, watts)
        self._peak = np.pad(self._peak, (0, len(power) - len(self._peak)))
        self._peak = np.fmax(self._peak, power)
        peak = np.fmax(self._peak, peak_watts)
        return np.asarray(power / np.where(peak > 0, peak, np.nan))

    def _outage(self, window: Window, *, level: float, stopped: float) -> int:
        """Power is gone from one minute to another, which no dusk does; or in measured light."""
        sudden = 0 <= window.start_us - self._sun_until_us <= _SUDDEN_US
        bright = window.irradiance_w_m2 >= _BRIGHT_W_M2
        if stopped >= _MOST and (sudden or bright or self._out):
            self._out = True
            return HOLDS
        if level >= _PRODUCING:
            self._out = False
            return FINE
        return UNKNOWN

    def _loss(self, window: Window, *, level: float) -> int:
        if not window.irradiance_w_m2 >= _BRIGHT_W_M2 or self._out:
            return UNKNOWN
        share = level / (window.irradiance_w_m2 / _FULL_SUN_W_M2)
        return HOLDS if share < _LITTLE else FINE if share > _ENOUGH else UNKNOWN

    def _tell(
        self, window: Window, *, verdicts: dict[int, int], measured: dict[str, float]
    ) -> None:
        told = Spans(
            np.zeros(1, np.intp),
            np.array([window.start_us], np.int64),
            np.array([window.end_us], np.int64),
        )
        judgements: Sequence[Judgement] = [
            Judgement(
                verdict=np.array([verdicts[number]], np.int8),
                level=np.zeros(1, np.int8),
                measured={name: np.array([value]) for name, value in measured.items()},
                compared_with={},
            )
            for number in range(len(SITE_KINDS))
        ]
        width = np.array([window.width_us], np.int64)
        changes = self._persistence.step(told, judgements=judgements, observed_us=width)
        if changes is not None:
            self.episodes.take(Step(SITE_KINDS, told, judgements, changes))


def _common(crowd: NDArray[np.int8], *, level: float, measured: dict[str, float]) -> int:
    """Tell whether there is a crowd, adding which fault it has to the evidence."""
    concerned = crowd[crowd >= 0]
    if len(concerned):
        number, count = np.unique(concerned, return_counts=True)
        kind = KINDS[int(number[np.argmax(count)])]
        measured[f"panels_with_{kind.alert_type}"] = float(count.max())
        return HOLDS
    return FINE if level >= _PRODUCING else UNKNOWN
