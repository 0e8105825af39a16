import pytest

from shared.alerts import Severity


def reading(*, watts, volt_amperes):
    def behave(second):
        volts = 34 + second % 9 / 10
        return 45 + second % 5 / 10, volts, volt_amperes / volts, watts

    return behave


def test_power_that_is_not_voltage_times_current_is_told_after_two_minutes(site):
    wrong = reading(watts=300, volt_amperes=255)
    assert site.play({"A": wrong}, seconds=115) == []
    [episode] = site.play({"A": wrong}, seconds=20)
    assert episode.alert_type == "power_mismatch"
    assert episode.severity is Severity.LOW
    assert episode.details["power_output_watts"] == 300
    assert episode.details["volt_amperes"] == pytest.approx(255, abs=0.1)


@pytest.mark.parametrize(("watts", "kilowatts"), [(0.3, True), (3.0, False), (0.0, False)])
def test_power_in_kilowatts_is_recognised(site, watts, kilowatts):
    [episode] = site.play({"A": reading(watts=watts, volt_amperes=300)}, seconds=150)
    assert ("seems to send kilowatts" in episode.recommendation) is kilowatts


def test_a_large_difference_is_of_medium_severity(site):
    [episode] = site.play({"A": reading(watts=300, volt_amperes=150)}, seconds=150)
    assert episode.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    ("watts", "volt_amperes"),
    [(300, 280), (300, 271), (20, 24), (0, 0), (-1, 0), (284, 300), (4, 0)],
    ids=str,
)
def test_what_differs_by_less_than_5_watts_or_10_percent_is_not_told(site, watts, volt_amperes):
    assert site.play({"A": reading(watts=watts, volt_amperes=volt_amperes)}, seconds=600) == []


def test_readings_that_differ_only_now_and_then_are_not_told(site):
    good, bad = reading(watts=300, volt_amperes=300), reading(watts=300, volt_amperes=200)
    told = site.play({"A": lambda s: bad(s) if s % 60 < 20 else good(s)}, seconds=1200)
    assert told == []


def test_night_does_not_end_it_but_matching_power_does(site):
    site.play({"A": reading(watts=300, volt_amperes=200)}, seconds=150)
    assert len(site.told) == 1
    assert site.play({"A": reading(watts=0, volt_amperes=0)}, seconds=1800, every=5) == []
    assert site.play({"A": reading(watts=20, volt_amperes=17)}, seconds=1800, every=5) == []
    [cleared] = site.play({"A": reading(watts=300, volt_amperes=299)}, seconds=200)
    assert cleared.cleared_at == site.moment(150 + 3600)


def test_an_unknown_current_tells_nothing(site):
    told = site.play({"A": lambda s: (45 + s % 3, 34.0, float("nan"), 300.0)}, seconds=600)
    assert told == []
