"""The clock is set while the detector watches: no fault begins or ends by that."""

import pytest

YEARS = 3 * 365 * 86_400
JUMPS = [-YEARS, -3600, -200, -2, 2, 200, 3600, YEARS]


def hot(second):
    return 90.0, 34 + second % 7 / 10, 7.0, 238.0


def cool(second):
    return 50.0, *hot(second)[1:]


def jumps(site, seconds, *, near_too=True):
    site.detector.redate(seconds * 1_000_000, near_too=near_too)
    site.second += seconds


@pytest.mark.parametrize("seconds", JUMPS)
def test_an_episode_goes_on_as_one_and_has_all_its_times_by_the_new_clock(site, seconds):
    site.play({"A": hot}, seconds=60)
    before = len(site.told)
    jumps(site, seconds)
    site.play({"A": hot}, seconds=120)
    site.play({"A": cool}, seconds=300)
    assert len({each.episode for each in site.told}) == 1
    *_, last = site.told
    assert before >= 1
    assert last.raised_at == site.moment(seconds)
    assert last.cleared_at is not None
    assert last.raised_at < last.last_seen_at <= last.cleared_at
    assert last.details["since"].startswith(last.raised_at.isoformat()[:19])


@pytest.mark.parametrize("seconds", JUMPS)
@pytest.mark.parametrize("near_too", [True, False], ids=["dated by us", "with their own stamps"])
def test_healthy_panels_raise_nothing_when_the_clock_is_set(site, seconds, near_too):
    panels = {"A": site.producing, **site.siblings()}
    site.play(panels, seconds=120)
    jumps(site, seconds, near_too=near_too)
    site.play(panels, seconds=120)
    jumps(site, -seconds, near_too=near_too)
    site.play(panels, seconds=120)
    assert site.told == []


@pytest.mark.parametrize("seconds", JUMPS)
def test_a_fault_is_still_found_after_the_clock_was_set(site, seconds):
    site.play({"A": cool}, seconds=60)
    jumps(site, seconds)
    site.play({"A": hot}, seconds=60)
    assert [each.raised_at >= site.moment(60 + seconds) for each in site.told] == [True]


def test_panels_with_stamps_of_their_own_stay_where_they_are(site):
    site.play({"A": hot}, seconds=60)
    site.detector.redate(YEARS * 1_000_000, near_too=False)
    assert [each.raised_at for each in site.detector.open_episodes()] == [site.moment(0)]
