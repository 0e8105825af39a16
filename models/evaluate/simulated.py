"""Simulated sites with every class of fault: found, named, how soon, and how often for nothing.

Sites, seasons and weather here were not used for choosing any threshold; `TUNING` was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from models.detection import Alert, detected, lines_of
from models.simulator.faults import ALL_PANELS, Fault
from models.simulator.module import NAME, Module
from models.simulator.simulation import Simulation
from models.simulator.site import Site

TRAIN_DAYS: Final = 4
TEST_DAYS: Final = 3
PANELS: Final = 24
INTERVAL_S: Final = 30.0

RIGHT_NAMES: Final = {
    "bypass_short": {"bypass_diode"},
    "shade": {"shading"},
    "hotspot": {"hot_spot"},
    "soil_panel": {"light_loss"},
    "degr_step": {"light_loss"},
    "connector": {"connector_resistance"},
    "pid": {"potential_induced_degradation"},
    "open": {"zero_power"},
    "mppt_stuck": {"off_maximum_power"},
    "stuck_all": {"flatline"},
    "stuck_v": {"voltage_sensor", "power_mismatch"},
    "temp_bias": {"temperature_sensor"},
    "i_gain": {"current_sensor", "power_mismatch"},
}
"""Each class of fault, and what it may rightly be called: dirt and ageing look alike in a day, and
an instant rule says of a bad current or voltage sensor that the power does not match."""

_HOURS: Final = 3.0
_AFTER_S: Final = 900.0
_SITE: Final = "snow"


@dataclass(frozen=True, slots=True)
class Scene:
    """A site at a time of the year."""

    name: str
    """Part of the seed."""
    latitude: float
    """Degrees north."""
    longitude: float
    """Degrees east."""
    start: datetime
    """First day, UTC."""
    module: str
    """A module of the CEC library."""


TUNING: Final = (Scene("tune", 47.4, 8.5, datetime(2026, 5, 10, tzinfo=UTC), NAME),)
"""What thresholds were looked at on."""

TEST: Final = (
    Scene("valley", 37.2, -5.9, datetime(2026, 7, 6, tzinfo=UTC), "SunPower_SPR_X20_327_BLK"),
    Scene("plain", 52.1, 13.4, datetime(2026, 9, 14, tzinfo=UTC), "Trina_Solar_TSM_330PD14_052"),
    Scene(
        "south",
        -33.4,
        -70.6,
        datetime(2026, 2, 2, tzinfo=UTC),
        "Hanwha_Q_CELLS_Q_PEAK_DUO_G5_305",
    ),
)
"""What the figures are of: no place, season or module of them was trained on."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fault that was put in, and what was told of it."""

    scene: str
    """Where."""
    fault: str
    """Its class."""
    delay_s: float | None
    """Until something was told; None when nothing was."""
    called: str | None
    """What it was told to be, in the end."""


def evaluate(scene: Scene, *, rules_only: bool = False) -> tuple[list[Event], list[Alert], float]:
    """Return what became of each fault, the false alarms, and the panel-days judged."""
    faults, site = _faults(scene), _site(scene)
    module = Module(scene.module)
    innocent = _innocent(scene, watts=module.rated_watts)
    simulation = Simulation(site, faults=[*faults, *innocent], module=module)
    days = TRAIN_DAYS + TEST_DAYS
    lines = []
    for block in simulation.telemetry(scene.start, seconds=days * 86_400.0, interval=INTERVAL_S):
        lines += lines_of(block.readings)
    alerts = detected(
        lines,
        train_days=TRAIN_DAYS,
        place=(scene.latitude, scene.longitude),
        options=("--rules-only",) if rules_only else (),
    )
    events = [_event(fault, scene=scene, alerts=alerts) for fault in faults]
    # Snow stops all panels at once: of the site that may be told, of no panel.
    real = [*faults, *(fault for fault in innocent if fault.name == _SITE)]
    false = [alert for alert in alerts if not any(_of(alert, fault=fault) for fault in real)]
    return events, false, float(PANELS * TEST_DAYS)


def _site(scene: Scene) -> Site:
    return Site(
        name=scene.name, panels=PANELS, latitude=scene.latitude, longitude=scene.longitude, seed=77
    )


def _faults(scene: Scene) -> list[Fault]:
    """Return each class once a day on a panel of its own, each day at another hour."""
    random = np.random.default_rng(list(scene.name.encode()))
    faults = []
    noon = scene.start + timedelta(hours=12 - scene.longitude / 15)
    for day in range(TEST_DAYS):
        panels = random.permutation(PANELS)
        for number, name in enumerate(RIGHT_NAMES):
            if number % 2 == day % 2 or day == 0:
                begin = noon + timedelta(
                    days=TRAIN_DAYS + day, hours=float(random.uniform(-3.0, 0.0))
                )
                panel = f"PANEL-{panels[number] + 1:03d}"
                faults.append(Fault(name, panel, begin, begin + timedelta(hours=_HOURS)))
    return faults


def _innocent(scene: Scene, *, watts: float) -> list[Fault]:
    """Return what is no fault: converters at their limit, snow on everything, wild values."""
    noon = scene.start + timedelta(days=TRAIN_DAYS, hours=12 - scene.longitude / 15)
    hour, day = timedelta(hours=1), timedelta(days=1)
    return [
        Fault("clipping", ALL_PANELS, noon + hour, noon + 2 * hour, 0.75 * watts),
        Fault("snow", ALL_PANELS, noon + day + 3 * hour, noon + day + 4 * hour),
        Fault("spikes", "PANEL-002", noon, None),
        Fault("gaps", "PANEL-003", noon, None),
    ]


def _event(fault: Fault, *, scene: Scene, alerts: Sequence[Alert]) -> Event:
    mine = [alert for alert in alerts if _of(alert, fault=fault)]
    if not mine:
        return Event(scene.name, fault.name, None, None)
    delay = min(alert.told_s for alert in mine) - fault.start.timestamp()
    last = max(mine, key=lambda alert: alert.raised_s)
    return Event(scene.name, fault.name, max(delay, 0.0), last.alert_type)


def _of(alert: Alert, *, fault: Fault) -> bool:
    assert fault.end is not None  # noqa: S101 - all of ours end
    begin, end = fault.start.timestamp(), fault.end.timestamp() + _AFTER_S
    place = None if fault.panel == ALL_PANELS else fault.panel
    return alert.panel == place and alert.raised_s <= end and alert.ended_s >= begin
