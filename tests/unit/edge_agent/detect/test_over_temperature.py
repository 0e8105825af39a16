import pytest

from edge_agent.detect import RuleSettings
from edge_agent.detect.settings import OverTemperature
from shared.alerts import Severity


def hot(celsius):
    return lambda second: (celsius, 34 + second % 7 / 10, 7.0, 34 * 7.0)


@pytest.mark.parametrize("every", [1, 5, 30])
def test_a_hot_module_is_told_once_it_held_for_thirty_seconds(site, every):
    assert site.play({"A": hot(90)}, seconds=30, every=every, batch=every) == []
    [episode] = site.play({"A": hot(90)}, seconds=40, every=every, batch=every)
    assert (episode.panel, episode.alert_type) == ("A", "over_temperature")
    assert episode.severity is Severity.MEDIUM
    assert episode.raised_at == site.moment(0)
    assert episode.cleared_at is None
    assert episode.model_version is None
    assert episode.details["temperature_celsius"] == 90
    assert episode.details["limit_celsius"] == 85
    assert episode.details["since"] == "2026-06-01T12:00:00Z"


def test_a_short_peak_is_not_told(site):
    site.play({"A": hot(90)}, seconds=25)
    site.play({"A": hot(70)}, seconds=10)
    site.play({"A": hot(90)}, seconds=25)
    assert site.told == []


@pytest.mark.parametrize(
    ("celsius", "severity"), [(94, Severity.MEDIUM), (96, Severity.HIGH), (106, Severity.CRITICAL)]
)
def test_the_severity_is_how_far_above_the_limit_it_is(site, celsius, severity):
    [episode] = site.play({"A": hot(celsius)}, seconds=60)
    assert episode.severity is severity


def test_the_severity_rises_within_an_episode_and_never_falls(site):
    site.play({"A": hot(88)}, seconds=120)
    site.play({"A": hot(107)}, seconds=120)
    site.play({"A": hot(88)}, seconds=600)
    severities = [episode.severity for episode in site.told]
    assert severities[0] is Severity.MEDIUM
    assert severities[-1] is Severity.CRITICAL
    assert severities == sorted(severities, key=lambda each: each.rank)
    assert "Fire hazard" in site.told[-1].recommendation
    assert len({episode.episode for episode in site.told}) == 1


def test_a_single_wild_reading_does_not_escalate(site):
    site.play({"A": hot(88)}, seconds=60)
    site.play({"A": hot(119)}, seconds=1)
    told = site.play({"A": hot(88)}, seconds=600)
    assert {episode.severity for episode in told} == {Severity.MEDIUM}


def test_it_ends_only_when_it_stayed_below_the_hysteresis(site):
    site.play({"A": hot(90)}, seconds=60)
    [raised] = site.told
    told = site.play({"A": hot(82)}, seconds=600)
    assert told == []
    assert site.play({"A": hot(79)}, seconds=50) == []
    [cleared] = site.play({"A": hot(79)}, seconds=30)
    assert cleared.episode == raised.episode
    assert cleared.cleared_at == site.moment(660)
    assert cleared.last_seen_at == site.moment(59)
    assert site.detector.open_episodes() == []


def test_the_limit_is_configurable(site_class):
    rules = RuleSettings(over_temperature=OverTemperature(limit_celsius=60, raise_after_seconds=5))
    site = site_class(rules)
    [episode] = site.play({"A": hot(61)}, seconds=20)
    assert episode.details["limit_celsius"] == 60


def test_a_missing_temperature_neither_raises_nor_clears(site):
    nan = float("nan")
    site.play({"A": hot(90)}, seconds=60)
    assert site.play({"A": hot(nan)}, seconds=600) == []
    assert [episode.panel for episode in site.detector.open_episodes()] == ["A"]


def test_a_new_peak_after_the_end_is_a_new_episode(site):
    site.play({"A": hot(90)}, seconds=60)
    site.play({"A": hot(60)}, seconds=120)
    site.play({"A": hot(90)}, seconds=60)
    first, cleared, second = site.told
    assert first.episode == cleared.episode != second.episode
    assert second.raised_at > cleared.cleared_at
