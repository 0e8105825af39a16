"""A shadow that comes every day at the same hours, over simulated days."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.detect import RuleSettings, SiteDetector
from models.simulator.clouds import DayType
from models.simulator.faults import Fault
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.alerts import Severity, from_micros
from shared.sky import Sky

FIRST = datetime(2026, 5, 10, tzinfo=UTC)
DAYS = 5
SHADED = "PANEL-002"
FROM_HOUR, HOURS = 8.0, 2.5


@pytest.fixture(scope="module")
def told():
    faults = [
        Fault("shade", SHADED, begin, begin + timedelta(hours=HOURS), 0.7)
        for day in range(DAYS)
        for begin in [FIRST + timedelta(days=day, hours=FROM_HOUR)]
    ]
    simulation = Simulation(Site(panels=8, name="unit"), faults=faults, sky=DayType.CLEAR)
    detector = SiteDetector(RuleSettings(), sky=Sky(47.4, 8.5))
    last = {}
    for day in range(DAYS + 1):
        dawn = FIRST + timedelta(days=day, hours=4)
        block = simulation.panels(dawn, seconds=15.5 * 3600, interval=600.0)
        now = from_micros(int(block.time_us.max()))
        last |= {episode.episode: episode for episode in detector.look(block, now=now)}
    return sorted(last.values(), key=lambda episode: episode.raised_at)


def test_it_is_told_once_as_what_it_is_with_its_hours_and_its_cost(told):
    (episode,) = [each for each in told if each.alert_type == "recurrent_shading"]
    assert episode.panel == SHADED
    assert episode.severity is Severity.LOW
    assert episode.raised_at < FIRST + timedelta(days=3)
    assert episode.details["shaded_from_utc_hours"] == pytest.approx(FROM_HOUR, abs=0.5)
    assert episode.details["shaded_until_utc_hours"] == pytest.approx(FROM_HOUR + HOURS, abs=0.5)
    assert 100 < episode.details["lost_watt_hours_per_day"] < 400
    assert 0.05 < episode.details["lost_share_of_day"] < 0.2
    assert "Trim" in episode.recommendation


def test_once_it_is_known_it_is_no_fault_any_more(told):
    shading = [each for each in told if each.alert_type != "recurrent_shading"]
    assert all(each.panel == SHADED for each in shading)
    assert all(each.raised_at < FIRST + timedelta(days=3) for each in shading)
