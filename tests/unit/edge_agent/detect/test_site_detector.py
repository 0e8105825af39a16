"""Both looks at a site together, over simulated days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge_agent.detect import RuleSettings, SiteDetector
from models.simulator.faults import Fault
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.alerts import Episode, from_micros
from shared.errors import InvalidBaselineError
from shared.sky import Sky

FIRST = datetime(2026, 5, 10, tzinfo=UTC)
DAYS = 3
BEGIN = FIRST + timedelta(days=DAYS - 1, hours=9)
END = BEGIN + timedelta(hours=3)
FAULTS = {
    "bypass_short": "bypass_diode",
    "soil_panel": "light_loss",
    "open": "zero_power",
    "mppt_stuck": "off_maximum_power",
    "temp_bias": "temperature_sensor",
    "unit_error": "power_mismatch",
}


def blocks(simulation, *, days=DAYS):
    """The readings of each day, from dawn to dusk."""
    for day in range(days):
        dawn = FIRST + timedelta(days=day, hours=4)
        yield simulation.panels(dawn, seconds=15.5 * 3600, interval=600.0)


def told_by(detector: SiteDetector, simulation: Simulation) -> Iterator[Episode]:
    for readings in blocks(simulation):
        yield from detector.look(readings, now=from_micros(int(readings.time_us.max())))
    yield from detector.finish()


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    faults = [
        Fault(name, f"PANEL-{number:03d}", BEGIN, END) for number, name in enumerate(FAULTS, 1)
    ]
    simulation = Simulation(Site(panels=14, name="unit"), faults=faults)
    detector = SiteDetector(RuleSettings(), sky=Sky(47.4, 8.5))
    last = {episode.episode: episode for episode in told_by(detector, simulation)}
    assert detector.open_episodes() == []
    return sorted(last.values(), key=lambda episode: (episode.panel, episode.raised_at))


def test_each_fault_is_told_once_by_its_name_and_nothing_of_healthy_panels(episodes):
    told = {episode.panel: episode.alert_type for episode in episodes}
    assert told == {f"PANEL-{n:03d}": name for n, name in enumerate(FAULTS.values(), 1)}
    assert len(episodes) == len(FAULTS)


def test_an_episode_lasts_as_long_as_the_fault(episodes):
    for episode in episodes:
        assert abs(episode.raised_at - BEGIN) <= timedelta(minutes=20)
        assert abs(episode.cleared_at - END) <= timedelta(minutes=20)


def test_an_episode_says_what_to_do_and_shows_why(episodes):
    bypassed = episodes[0]
    assert "bypass diode" in bypassed.recommendation
    assert bypassed.details["voltage_residual_share"] == pytest.approx(-1 / 3, abs=0.02)
    assert bypassed.details["lost_watts"] > 0
    assert bypassed.details["lost_watt_hours_per_day"] > 0


def test_an_open_episode_goes_on_after_a_restart():
    begin, end = BEGIN - timedelta(days=1), END - timedelta(days=1)
    fault = Fault("bypass_short", "PANEL-001", begin, end)
    simulation = Simulation(Site(panels=6, name="unit"), faults=[fault])
    first = SiteDetector(RuleSettings(), sky=Sky())
    second = SiteDetector(RuleSettings(), sky=Sky())
    middle = begin + timedelta(hours=2)
    told = {}
    for block in blocks(simulation, days=2):
        for rows in np.array_split(np.argsort(block.time_us, kind="stable"), 20):
            part = block.take(rows)
            now = from_micros(int(part.time_us.max()))
            detector = first if now < middle else second
            if detector is second and not second.windows.panel_ids:
                second.relearn(first.pages.take()())
                second.restore(first.open_episodes())
            told |= {episode.episode: episode for episode in detector.look(part, now=now)}
    (episode,) = told.values()
    assert episode.alert_type == "bypass_diode"
    assert abs(episode.cleared_at - end) <= timedelta(minutes=20)


@pytest.mark.parametrize("damage", [b"", b"\xff", b"\x93\x01\x02\x03"])
def test_a_damaged_memory_is_refused_and_leaves_the_detector_as_it_was(damage):
    detector = SiteDetector(RuleSettings(), sky=Sky())
    with pytest.raises(InvalidBaselineError):
        detector.relearn({"baseline": damage})
    assert detector.windows.panel_ids == []
