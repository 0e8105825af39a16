"""Where the panels are, how they face the sun, and how each differs from its siblings."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.simulator.randomness import generator, key_of

DAY_S: Final = 86_400
_ROW: Final = 10
_STEP_S: Final = 0.85
_METRES_PER_DEGREE: Final = 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site of equal modules on one plane."""

    name: str = "alpha"
    """Part of every seed: two sites have different weather."""
    panels: int = 10
    """How many."""
    panel_prefix: str = ""
    """Put before ``PANEL-001``."""
    latitude: float = 47.4
    """Degrees, north positive."""
    longitude: float = 8.5
    """Degrees, east positive."""
    altitude_m: float = 400.0
    """Metres above the sea."""
    tilt_degrees: float = 30.0
    """Of the modules against the ground."""
    seed: int = 1
    """Another seed is another world."""

    @classmethod
    def in_sunshine(
        cls, at: datetime, *, name: str = "alpha", panels: int = 10, prefix: str = "", seed: int = 1
    ) -> Self:
        """Return a site where it is late on a summer morning at ``at`` (UTC).

        The readings' times stay real; it is the place that is chosen: the longitude where the
        mean sun says 10:30, in the hemisphere that has summer.
        """
        hours = at.hour + at.minute / 60 + at.second / 3600
        longitude = ((10.5 - hours) * 15 + 180) % 360 - 180
        declination = -23.44 * math.cos(2 * math.pi * (at.timetuple().tm_yday + 10) / 365.25)
        return cls(
            name=name,
            panels=panels,
            panel_prefix=prefix,
            latitude=math.copysign(35.0, declination),
            longitude=round(longitude, 3),
            seed=seed,
        )

    @property
    def facing_degrees(self) -> float:
        """Where the modules look: south in the north, north in the south."""
        return 180.0 if self.latitude >= 0 else 0.0

    @property
    def panel_ids(self) -> tuple[str, ...]:
        """``PANEL-001`` and so on."""
        return tuple(f"{self.panel_prefix}PANEL-{n:03d}" for n in range(1, self.panels + 1))

    def midnight_s(self, day: int) -> int:
        """Return when the solar day ``day`` begins: local mean midnight, seconds since 1970."""
        return day * DAY_S - round(self.longitude * 240)

    def day_of(self, time_s: float) -> int:
        """Return the solar day in which a time lies."""
        return int((time_s + round(self.longitude * 240)) // DAY_S)

    def locations(self) -> list[tuple[float, float]]:
        """Return latitude and longitude of each panel: rows of ten, two metres apart."""
        east = math.cos(math.radians(self.latitude)) * _METRES_PER_DEGREE
        return [
            (
                round(self.latitude + number // _ROW * 2.0 / _METRES_PER_DEGREE, 6),
                round(self.longitude + number % _ROW * 2.0 / east, 6),
            )
            for number in range(self.panels)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """How each panel and its sensors differ from the ideal one; arrays of shape ``(panels, 1)``."""

    irradiance_gain: NDArray[np.float64]
    """Light on this panel against the site's plane."""
    temperature_offset_c: NDArray[np.float64]
    """Cell temperature against the site's."""
    voltage_gain: NDArray[np.float64]
    """Of the voltage sensor."""
    current_gain: NDArray[np.float64]
    """Of the current sensor."""
    power_gain: NDArray[np.float64]
    """Of the power meter."""
    delay_s: NDArray[np.float64]
    """How much later clouds arrive here than at the first panel: 0 to 8 seconds."""
    phase_ms: NDArray[np.int64]
    """When within a second the panel measures."""
    key: NDArray[np.uint64]
    """The key of this panel's noise."""

    @classmethod
    def of(cls, site: Site) -> Self:
        """Draw the traits; a panel's depend on its id, not on how many siblings it has."""
        draws = [generator(site.seed, site.name, panel, "traits") for panel in site.panel_ids]
        normal = np.array([draw.standard_normal(5) for draw in draws])
        uniform = np.array([draw.random(2) for draw in draws])
        place = np.arange(site.panels) % _ROW
        keys = [key_of(site.seed, site.name, panel, "noise") for panel in site.panel_ids]
        return cls(
            irradiance_gain=1 + 0.012 * normal[:, :1],
            temperature_offset_c=0.8 * normal[:, 1:2],
            voltage_gain=1 + 0.003 * normal[:, 2:3],
            current_gain=1 + 0.005 * normal[:, 3:4],
            power_gain=1 + 0.004 * normal[:, 4:5],
            delay_s=(_STEP_S * place + 0.3 * uniform[:, 0])[:, None],
            phase_ms=np.floor(980 * uniform[:, 1:2]).astype(np.int64),
            key=np.array(keys, np.uint64)[:, None],
        )
