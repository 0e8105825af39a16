"""What concerns the whole site is one episode of it, and none of its panels."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge_agent.detect import RuleSettings, SiteDetector
from edge_agent.detect.faults.kinds import NOTHING, NUMBER
from edge_agent.detect.site_causes import SiteCauses
from shared.readings import Readings, to_thousandths
from shared.windows import Window

DAWN = datetime(2026, 6, 1, 8, tzinfo=UTC)
PANELS = 6


def light(minute):
    """Of full sun, by the minute since eight, with small clouds."""
    return 0.75 + 0.2 * math.sin(minute / 200) - 0.05 * (minute * 7919 % 13) / 13


class Roof:
    """Six panels, one reading a minute each; what they do can be changed."""

    def __init__(self, detector=None):
        self.detector = detector or SiteDetector(RuleSettings())
        self.minute = 0
        self.told = {}

    def play(self, minutes, *, share=None, irradiance=None, volts=34.0):
        """Go on; `share` of its light for each panel."""
        shares = np.ones(PANELS) if share is None else np.broadcast_to(share, PANELS)
        for _ in range(minutes):
            at = DAWN + timedelta(minutes=self.minute)
            wobble = 1 + 0.004 * np.sin(self.minute * 1.7 + np.arange(PANELS) * 2.1)
            amperes = 9 * light(self.minute) * wobble * shares
            values = (np.full(PANELS, 40 + math.sin(self.minute)),
                      volts + 0.1 * np.sin(self.minute + np.arange(PANELS)), amperes)  # fmt: skip
            values = (*values, values[1] * amperes)
            micros = np.full(PANELS, round(at.timestamp() * 1e6), np.int64)
            if irradiance is not None:
                milliwatts = np.array([irradiance * 1000], np.int32)
                self.detector.take_weather({"time_us": micros[:1], "irradiance_mw_m2": milliwatts})
            readings = Readings(
                tuple(f"P{number}" for number in range(PANELS)),
                np.arange(PANELS, dtype=np.int32),
                micros,
                *(to_thousandths(column) for column in values),
                quality=np.zeros(PANELS, np.int16),
            )
            for episode in self.detector.look(readings, now=at):
                self.told[episode.episode] = episode
            self.minute += 1

    def kinds(self):
        return sorted((one.panel, one.alert_type) for one in self.told.values())


@pytest.fixture
def roof():
    roof = Roof()
    roof.play(60)
    return roof


def test_a_grid_that_goes_off_is_one_episode_of_the_site_that_ends_with_power(roof):
    roof.play(20, share=0.0, volts=41.0)
    assert roof.kinds() == [(None, "site_outage")]
    (episode,) = roof.told.values()
    assert episode.cleared_at is None
    assert abs(episode.raised_at - (DAWN + timedelta(hours=1))) <= timedelta(minutes=2)
    assert episode.details["panels_without_power"] == PANELS
    assert episode.details["voltage_volts"] == pytest.approx(41, abs=0.5)
    roof.play(10)
    assert roof.kinds() == [(None, "site_outage")]
    assert next(iter(roof.told.values())).cleared_at is not None


def test_dusk_is_no_outage(roof):
    for minute in range(90):
        roof.play(1, share=max(1 - minute / 60, 0.0))
    assert roof.told == {}


def test_an_outage_goes_on_as_one_after_a_restart(roof):
    roof.play(20, share=0.0)
    after = Roof(SiteDetector(RuleSettings()))
    after.minute = roof.minute
    after.detector.restore(roof.detector.open_episodes())
    after.play(10, share=0.0)
    after.play(10)
    assert {*after.told} == {*roof.told}
    assert next(iter(after.told.values())).cleared_at is not None


def test_snow_on_all_panels_is_told_where_light_is_measured(roof):
    roof.play(5, irradiance=800)
    roof.play(60, share=0.04, irradiance=800)
    assert roof.kinds() == [(None, "site_loss")]


def test_what_half_of_the_panels_have_at_once_is_told_once_with_its_name():
    causes = SiteCauses()
    crowd = np.array([NUMBER["light_loss"]] * 4 + [NOTHING] * 2, np.int8)
    told = {}
    for minute in range(30):
        start = round(DAWN.timestamp() + 60 * minute) * 1_000_000
        values = np.tile([[40.0], [34.0], [8.0], [272.0]], PANELS)
        window = Window(start, start + 60_000_000, values, np.ones(PANELS, np.int64),
                        np.zeros((4, PANELS), np.bool_), np.zeros(PANELS))  # fmt: skip
        seen = crowd if minute < 15 else np.full(PANELS, NOTHING, np.int8)
        causes.step(window, peak_watts=np.full(PANELS, 300.0), crowd=seen)
        told |= {each.episode: each for each in causes.episodes.drain()}
    (episode,) = told.values()
    assert (episode.panel, episode.alert_type) == (None, "common_cause")
    assert episode.details["panels_with_light_loss"] == 4
    assert episode.cleared_at is not None


def test_one_panel_that_loses_half_is_told_of_the_panel(roof):
    roof.play(40, share=np.array([0.5, 1, 1, 1, 1, 1]))
    assert {panel for panel, _ in roof.kinds()} == {"P0"}
