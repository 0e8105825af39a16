"""Windows as rows: what is in them, what is not, and what a row costs on the wire."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from edge_agent.detect import RuleSettings, SiteDetector
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.alerts import from_micros
from shared.quality import WindowQuality
from shared.segments import Segment, decode, encode
from shared.tables import SCHEMA

PANELS = 60


def table_of(hour, *, minutes=10, change=lambda readings: readings):
    """The windows of some minutes of a simulated site."""
    site = Site(name="bench", panels=PANELS, latitude=48.0, longitude=0.0, seed=1)
    readings = Simulation(site).panels(
        datetime(2026, 6, 1, hour, tzinfo=UTC), seconds=60 * minutes, interval=10.0
    )
    detector = SiteDetector(RuleSettings())
    detector.record_windows()
    newest = from_micros(int(readings.time_us.max()) + 600_000_000)
    detector.look(change(readings), now=newest)
    detector.finish()
    return detector.take_windows()


@pytest.fixture(scope="module")
def noon():
    return table_of(12)


def test_a_row_says_how_a_panel_did_against_its_siblings(noon):
    assert noon.keys() == SCHEMA["windows"].keys()
    assert len(noon["time_us"]) >= 9 * PANELS
    assert set(noon["seconds"].tolist()) == {60}
    assert np.abs(np.median(noon["power_thousandths"])) <= 5
    assert set(noon["kind"].values) == {""}
    assert set(noon["quality"].tolist()) == {WindowQuality.COLD}


def test_rows_are_in_the_order_of_panel_and_time_and_survive_a_segment(noon):
    key = noon["panel"].index.astype(np.int64) * 10**17 + noon["time_us"]
    assert (np.diff(key) > 0).all()
    back = decode(encode(Segment(UUID(int=1), 0, 0, {"windows": noon}))).tables["windows"]
    for name, kind in SCHEMA["windows"].items():
        same = back[name].tolist() == noon[name].tolist()
        assert same, (name, kind)


def test_the_night_makes_no_rows():
    assert table_of(0) is None


def test_a_row_costs_less_than_two_readings_on_the_wire(noon):
    size = len(encode(Segment(UUID(int=1), 0, 0, {"windows": noon})))
    assert size / len(noon["time_us"]) < 8


def test_nobody_asks_and_nothing_is_kept():
    site = Simulation(Site(name="bench", panels=3, seed=1))
    readings = site.panels(datetime(2026, 6, 1, 12, tzinfo=UTC), seconds=600, interval=10.0)
    detector = SiteDetector(RuleSettings())
    detector.look(readings, now=from_micros(int(readings.time_us.max())))
    assert detector.take_windows() is None
