import pytest

from edge_agent.detect import RuleSettings
from edge_agent.detect.settings import Flatline
from shared.alerts import Severity


def stuck(_second):
    return 45.0, 34.0, 7.0, 238.0


@pytest.mark.parametrize("every", [1, 60, 900])
def test_values_that_stand_still_while_producing_are_told_after_ten_minutes(site, every):
    assert site.play({"A": stuck}, seconds=600, every=every, batch=every) == []
    told = site.play({"A": stuck}, seconds=max(60, 3 * every), every=every, batch=every)
    episode = told[0]
    assert episode.alert_type == "flatline"
    assert episode.severity is Severity.MEDIUM
    assert (episode.raised_at - site.moment(0)).total_seconds() <= max(10, every)
    assert episode.details["power_output_watts"] == 238
    assert episode.details["limit_seconds"] == 600


def test_values_that_stand_still_at_zero_are_told_while_siblings_produce(site):
    told = site.play(
        {"A": lambda _: (20.0, 0.0, 0.0, 0.0), **site.siblings()}, seconds=700, batch=5
    )
    assert {(each.panel, each.alert_type) for each in told} == {
        ("A", "flatline"),
        ("A", "zero_power"),
    }


def test_a_night_at_zero_is_not_told(site):
    night = dict.fromkeys("ABCD", site.sleeping)
    assert site.play(night, seconds=43_200, every=30, batch=300) == []


def test_a_last_daytime_value_that_stands_through_the_night_is_told(site):
    night = {"A": stuck, **dict.fromkeys("BCD", site.sleeping)}
    told = site.play(night, seconds=650, every=10)
    assert [(each.panel, each.alert_type) for each in told] == [("A", "flatline")]


@pytest.mark.parametrize("number", range(4))
def test_one_value_that_moves_is_enough_to_be_alive(site, number):
    def behave(second):
        values = [45.0, 34.0, 7.0, 238.0]
        values[number] += (second // 30) % 3 / 1000
        return tuple(values)

    assert site.play({"A": behave}, seconds=3600, every=5) == []


def test_it_ends_when_the_values_move_again(site):
    site.play({"A": stuck}, seconds=630)
    [raised] = site.told
    told = site.play({"A": site.producing}, seconds=120)
    assert [each.episode for each in told] == [raised.episode]
    assert told[0].cleared_at == site.moment(630)


def test_a_gap_is_not_standing_still(site):
    site.play({"A": stuck}, seconds=60)
    site.play({}, seconds=1200)
    assert site.play({"A": stuck}, seconds=60) == []


def test_repeated_readings_are_not_standing_still(site):
    rows = [("A", float(second), site.producing(second)) for second in range(5)]
    for now in range(2000):
        assert site.look(rows, now=now) == []


def test_the_time_is_configurable(site_class):
    site = site_class(RuleSettings(flatline=Flatline(raise_after_seconds=60)))
    assert len(site.play({"A": stuck}, seconds=90)) == 1


def test_missing_values_are_left_out_of_the_comparison(site):
    nan = float("nan")
    assert len(site.play({"A": lambda _: (nan, 34.0, 7.0, 238.0)}, seconds=650)) == 1


def test_nothing_known_stands_not_still(site):
    nan = float("nan")
    assert site.play({"A": lambda _: (nan, nan, nan, nan), **site.siblings()}, seconds=1200) == []
