import pytest

from shared.alerts import Severity


def dead(second):
    return 40 + second % 7 / 10, 40 + second % 11 / 10, 0.0, 0.0


@pytest.mark.parametrize("every", [1, 10, 60, 900])
def test_a_panel_without_power_is_told_while_its_siblings_produce(site, every):
    panels = {"A": dead, **site.siblings()}
    told = site.play(panels, seconds=max(240, 4 * every), every=every, batch=every)
    [episode] = [each for each in told if each.episode == told[0].episode][:1]
    assert {each.panel for each in told} == {"A"}
    assert (episode.panel, episode.alert_type) == ("A", "zero_power")
    assert episode.severity is Severity.HIGH
    assert episode.raised_at == site.moment(0)
    assert episode.details["siblings_median_watts"] > 200
    assert episode.details["power_output_watts"] == 0
    assert "open circuit" in episode.recommendation


def test_three_minutes_must_pass_first(site):
    assert site.play({"A": dead, **site.siblings()}, seconds=175) == []
    assert len(site.play({"A": dead, **site.siblings()}, seconds=20)) == 1


def test_without_voltage_another_cause_is_named(site):
    [episode] = site.play(
        {"A": lambda s: (40 + s % 7 / 10, 0.0, 0.0, 0.0), **site.siblings()}, seconds=240
    )
    assert "Neither power nor voltage" in episode.recommendation


def test_power_in_kilowatts_is_power(site):
    told = site.play(
        {"A": lambda s: (40 + s % 7 / 10, 40.0, 7.5, 0.3 + s % 3 / 1000), **site.siblings()},
        seconds=240,
    )
    assert {each.alert_type for each in told} == {"power_mismatch"}


def test_one_sibling_is_not_enough(site):
    assert site.play({"A": dead, **site.siblings(1)}, seconds=600) == []
    assert len(site.play({"A": dead, **site.siblings(2)}, seconds=240)) == 1


def test_panels_of_another_group_are_no_siblings(site_class):
    site = site_class(group_of=lambda panel: "roof" if panel.startswith("SIB") else "wall")
    assert site.play({"A": dead, "B": dead, **site.siblings()}, seconds=600) == []


def test_weak_siblings_tell_nothing(site):
    weak = {
        name: lambda s, b=behaviour: (20.0 + s % 3, *(b(s)[1], b(s)[2] / 8, b(s)[3] / 8))
        for name, behaviour in site.siblings().items()
    }
    assert site.play({"A": dead, **weak}, seconds=600) == []


def test_siblings_that_fell_silent_tell_nothing(site):
    site.play(site.siblings(), seconds=60)
    site.play({}, seconds=120)
    assert site.play({"A": dead}, seconds=600) == []


def test_siblings_of_another_time_tell_nothing(site):
    """A backlog of one panel is not compared with what its siblings do now."""
    site.play(site.siblings(), seconds=60)
    backlog = [("A", second - 7200.0, dead(second)) for second in range(600)]
    assert site.look(backlog, now=site.second + 1) == []


def test_dusk_does_not_end_it_but_power_does(site):
    site.play({"A": dead, **site.siblings()}, seconds=240)
    [raised] = site.told
    night = dict.fromkeys(["A", *site.siblings()], site.sleeping)
    assert site.play(night, seconds=36_000, every=60, batch=600) == []
    healthy = {"A": lambda s: site.producing(s, share=0.9), **site.siblings()}
    [cleared] = site.play(healthy, seconds=120)
    assert cleared.episode == raised.episode
    assert cleared.cleared_at == site.moment(240 + 36_000)


def test_a_panel_between_both_shares_neither_raises_nor_clears(site):
    weak = {"A": lambda s: site.producing(s, share=0.15), **site.siblings()}
    assert site.play(weak, seconds=600) == []
    site.play({"A": dead, **site.siblings()}, seconds=240)
    assert len(site.detector.open_episodes()) == 1
    assert all(each.cleared_at is None for each in site.play(weak, seconds=600))


def test_a_shadow_of_two_minutes_is_not_told(site):
    panels = {"A": lambda s: dead(s) if s % 300 < 120 else site.producing(s), **site.siblings()}
    assert site.play(panels, seconds=1800) == []


def test_a_site_that_goes_dark_as_a_whole_tells_nothing(site):
    panels = {"A": site.producing, **site.siblings()}
    site.play(panels, seconds=60)
    assert site.play(dict.fromkeys(panels, site.sleeping), seconds=1200) == []
