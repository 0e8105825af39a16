"""What is trained on: sites at other places, in other seasons and of other modules than the tests'.

Each day some panels have a fault of some hours, most are well; what is no fault but looks unlike
every day (clipping, wild values, gaps) is there too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from models.simulator.faults import ALL_PANELS, Fault
from models.simulator.module import Module
from models.simulator.simulation import Simulation
from models.simulator.site import Site

CLASS_OF: Final = {
    "bypass_short": "bypass_diode",
    "shade": "shading",
    "hotspot": "hot_spot",
    "soil_panel": "light_loss",
    "degr_step": "light_loss",
    "soiling": "light_loss",
    "degradation": "light_loss",
    "connector": "connector_resistance",
    "pid": "potential_induced_degradation",
    "open": "zero_power",
    "snow": "zero_power",
    "mppt_stuck": "off_maximum_power",
    "stuck_all": "flatline",
    "stuck_v": "voltage_sensor",
    "temp_bias": "temperature_sensor",
    "i_gain": "current_sensor",
    "clipping": "clipping",
}
"""The simulator's faults to what an alert calls them; any other is healthy to the model."""

CLASSES: Final = ("healthy", *dict.fromkeys(CLASS_OF.values()))
"""What the model tells apart, in the order of its answers."""

_WELL: Final = ("spikes", "gaps", "out_of_order")
_HOURS: Final = (1.2, 2.5)
_SEED: Final = 41


@dataclass(frozen=True, slots=True)
class Scene:
    """A site at a time of the year."""

    name: str
    """Part of every seed."""
    latitude: float
    """Degrees north."""
    longitude: float
    """Degrees east."""
    start: datetime
    """First day, UTC."""
    module: str
    """A module of the CEC library."""
    interval_s: float = 60.0
    """Seconds between a panel's readings."""
    panels: int = 24
    """How many."""
    train_days: int = 4
    """Fault-free days, to learn what is usual."""
    test_days: int = 4
    """Days with faults."""

    @property
    def site(self) -> Site:
        """Return the site."""
        return Site(
            name=self.name,
            panels=self.panels,
            latitude=self.latitude,
            longitude=self.longitude,
            seed=_SEED,
        )

    def simulation(self) -> Simulation:
        """Return the site with its faults."""
        module = Module(self.module)
        return Simulation(self.site, faults=self._faults(module), module=module)

    def _faults(self, module: Module) -> list[Fault]:
        random = np.random.default_rng([_SEED, *self.name.encode()])
        noon = self.start + timedelta(hours=12 - self.longitude / 15)
        faults = []
        kinds = [*CLASS_OF, *_WELL]
        for day in range(self.test_days):
            ids = random.permutation(self.site.panel_ids)
            chosen = random.choice(kinds, size=max(1, round(0.6 * self.panels)))
            for name, panel in zip(chosen.tolist(), ids.tolist(), strict=False):
                hour = float(random.uniform(-4.5, 2.5))
                begin = noon + timedelta(days=self.train_days + day, hours=hour)
                end = begin + timedelta(hours=float(random.uniform(*_HOURS)))
                drawn = float(random.random())
                magnitude = {
                    "clipping": (0.5 + 0.25 * drawn) * module.rated_watts,
                    # Months in hours: within one window a ramp is as long as its loss.
                    "soiling": 0.5 + 1.5 * drawn,
                    "degradation": (0.5 + 1.5 * drawn) * 365,
                }.get(name)
                faults.append(Fault(name, panel, begin, end, magnitude))
        clipped = noon + timedelta(days=self.train_days + 1)
        most = 0.8 * module.rated_watts
        faults.append(Fault("clipping", ALL_PANELS, clipped, clipped + timedelta(hours=1), most))
        return faults


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


_CANADIAN: Final = "Canadian_Solar_Inc__CS6U_330P"
_JINKO: Final = "Jinko_Solar_Co___Ltd_JKM265PP_60_Plus_"
_LG: Final = "LG_Electronics_Inc__LG290N1C_G3"
_REC: Final = "REC_Solar_REC350TP_72"
_WIDE: Final = "SunPower_SPR_310_WHT_U"
_HALVES: Final = "Jinko_Solar_Co___Ltd_JKM360M_72HB_V"

SCENES: Final = (
    Scene("zurich", 47.4, 8.5, _at(2026, 5, 10), _CANADIAN),
    Scene("madrid", 40.4, -3.7, _at(2026, 4, 3), _JINKO),
    Scene("cairo", 30.0, 31.2, _at(2026, 12, 1), _LG),
    Scene("oslo", 59.9, 10.7, _at(2026, 6, 20), _REC),
    Scene("denver", 39.7, -105.0, _at(2026, 10, 12), _WIDE),
    Scene("perth", -31.9, 115.9, _at(2026, 11, 5), _HALVES),
    Scene("lima", -12.0, -77.0, _at(2026, 8, 9), _CANADIAN),
    Scene("london", 51.5, -0.1, _at(2026, 3, 14), _LG),
    Scene("athens", 38.0, 23.7, _at(2026, 7, 22), _WIDE, interval_s=20.0, panels=12),
    Scene("rome", 41.9, 12.5, _at(2026, 9, 2), _JINKO, interval_s=300.0, test_days=6),
)
"""What the model is fitted to."""

HELD_OUT: Final = (
    Scene("lisbon", 38.7, -9.1, _at(2026, 5, 28), _REC),
    Scene("vienna", 48.2, 16.4, _at(2026, 8, 25), _HALVES),
)
"""What its thresholds are chosen on."""
