"""Clouds: what kind of day it is, and how much sun comes through at each second of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.randomness import drift, generator, key_of
from models.simulator.site import DAY_S, Site
from models.simulator.sky import PAD_S

Array = NDArray[np.float64]


class DayType(StrEnum):
    """What the sky is like on a day."""

    CLEAR = "clear"
    BROKEN = "broken"
    OVERCAST = "overcast"


_CHANCES: Final = {DayType.CLEAR: 0.40, DayType.BROKEN: 0.38, DayType.OVERCAST: 0.22}
_RAIN_CHANCE: Final = 0.5
_EDGE_S: Final = (8.0, 30.0)
_SHORTEST_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class _Regime:
    """How clouds come and go (exponential dwell times), and what passes through them."""

    clear_s: float
    cloud_s: float
    beam: tuple[float, float]
    """Range of the direct light's share that a cloud lets through."""
    diffuse: float
    """The sky's light against a clear sky's, between clouds."""
    diffuse_gain: float
    """How much more of it when the beam is gone."""
    wander: float
    """Size of the slow drift of both."""
    gap: float = 1.0
    """The direct light's share between clouds."""


_REGIMES: Final = {
    DayType.CLEAR: _Regime(14_400.0, 90.0, (0.45, 0.85), 1.0, 0.25, 0.010),
    DayType.BROKEN: _Regime(260.0, 170.0, (0.04, 0.45), 1.25, 0.45, 0.06),
    DayType.OVERCAST: _Regime(70.0, 2_400.0, (0.0, 0.06), 1.1, 0.35, 0.25, gap=0.3),
}


class Clouds:
    """The clouds over one site."""

    def __init__(self, site: Site, *, always: DayType | None = None) -> None:
        """Take the site's seed; ``always`` makes every day of one type."""
        self._site = site
        self._always = always

    def day_type(self, day: int) -> DayType:
        """Return what kind of day a solar day is."""
        if self._always is not None:
            return self._always
        draw = generator(self._site.seed, self._site.name, "sky", day)
        return list(_CHANCES)[int(draw.choice(len(_CHANCES), p=list(_CHANCES.values())))]

    def rain_s(self, day: int) -> float | None:
        """Return when rain has washed the panels on a solar day, seconds since 1970."""
        draw = generator(self._site.seed, self._site.name, "rain", day)
        if self.day_type(day) is not DayType.OVERCAST or draw.random() > _RAIN_CHANCE:
            return None
        return self._site.midnight_s(day) + float(draw.uniform(0.2, 0.9)) * DAY_S

    def transmittance(self, day: int) -> tuple[Array, Array]:
        """Return the share of beam and of diffuse clear-sky light that arrives.

        Returns:
            Two arrays, one element a second from `PAD_S` before the day to `PAD_S` after it.
        """
        regime = _REGIMES[self.day_type(day)]
        start = self._site.midnight_s(day)
        time_s = np.arange(start - PAD_S, start + DAY_S + PAD_S + 1, dtype=np.float64)
        key = key_of(self._site.seed, self._site.name, "haze")
        slow = regime.wander * drift(key, time_s=time_s, period_s=1200.0)
        beam = self._telegraph(day, regime=regime, time_s=time_s) * np.clip(1 + slow, 0.0, 1.05)
        diffuse = (regime.diffuse + regime.diffuse_gain * (1 - beam)) * np.maximum(1 + slow, 0.25)
        return beam, diffuse

    def _telegraph(self, day: int, *, regime: _Regime, time_s: Array) -> Array:
        """Return the beam through clouds that are there or not, with edges of 8 to 30 seconds."""
        draw = generator(self._site.seed, self._site.name, "clouds", day)
        pairs = 2 + int(2 * len(time_s) / (regime.clear_s + regime.cloud_s))
        dwell = draw.exponential((regime.clear_s, regime.cloud_s), (pairs, 2))
        ends = time_s[0] + np.cumsum(np.maximum(dwell, _SHORTEST_S).ravel())
        through = draw.uniform(*regime.beam, pairs)
        levels = np.stack([np.full(pairs, regime.gap), through], axis=1).ravel()
        half = draw.uniform(*_EDGE_S, len(ends)) / 2
        corners = np.stack([ends - half, ends + half], axis=1).ravel()
        heights = np.stack([levels, np.roll(levels, -1)], axis=1).ravel()
        return np.asarray(np.interp(time_s, corners, heights))
