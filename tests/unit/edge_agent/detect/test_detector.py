"""Whatever order, repetition, silence or clock: episodes stay episodes."""

import itertools
import math

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.detect import Detector, RuleSettings
from edge_agent.detect.panels import MAX_PANELS
from edge_agent.detect.samples import SLOT_US
from shared.alerts import Episode, Severity

QUICK = settings(suppress_health_check=[HealthCheck.too_slow])


def hot(second, celsius=90.0):
    return celsius, 34 + second % 7 / 10, 7.0, 238.0


def cool(second):
    return hot(second, 50.0)


def no_batch(site):
    return site.readings([("A", 0.0, hot(0))]).take(slice(0, 0))


def assert_consistent(told: list[Episode]) -> None:
    """Each (panel, type) has at most one open episode, raised before cleared, times in order."""
    latest: dict[str, Episode] = {}
    open_: dict[tuple[str | None, str], str] = {}
    for episode in told:
        key = (episode.panel, episode.alert_type)
        before = latest.get(episode.episode)
        if before is None:
            assert key not in open_, "a second one was raised while one was open"
            assert episode.cleared_at is None, "cleared before it was raised"
            open_[key] = episode.episode
        else:
            assert before.cleared_at is None, "told again after it was cleared"
            assert open_[key] == episode.episode
            assert before.raised_at == episode.raised_at
            assert before.last_seen_at <= episode.last_seen_at
            assert before.severity.rank <= episode.severity.rank
        assert episode.raised_at <= episode.last_seen_at
        if episode.cleared_at is not None:
            assert episode.last_seen_at <= episode.cleared_at
            del open_[key]
        latest[episode.episode] = episode
        msgspec.json.encode(episode)


# A reading: panel, second, and one of a few kinds of behaviour that rules care about.
KINDS = [
    (90.0, 34.0, 7.0, 238.0),
    (110.0, 34.0, 7.0, 100.0),
    (50.0, 34.2, 7.1, 242.8),
    (50.0, 41.0, 0.0, 0.0),
    (float("nan"), float("nan"), float("nan"), float("nan")),
    (11.0, 0.0, 0.0, 0.0),
]
ROWS = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.integers(0, 300), st.sampled_from(KINDS)),
    min_size=1,
    max_size=60,
).map(lambda rows: [(panel, second * 10.0, kind) for panel, second, kind in rows])


@QUICK
@given(batches=st.lists(ROWS, min_size=1, max_size=8), jump=st.integers(-4000, 4000))
def test_any_readings_in_any_order_give_consistent_episodes(site_class, batches, jump):
    site = site_class()
    for number, rows in enumerate(batches):
        site.look(rows, now=number * 2 + (jump if number % 3 == 2 else 3000))
    assert_consistent(site.told)
    ends = {episode.episode for episode in site.told if episode.cleared_at}
    begun = {episode.episode for episode in site.told}
    assert {episode.episode for episode in site.detector.open_episodes()} == begun - ends


@QUICK
@given(
    spells=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 40)), min_size=2, max_size=10),
    every=st.sampled_from([1, 10, 60, 900]),
)
def test_any_course_of_a_panel_gives_consistent_episodes(site_class, spells, every):
    site = site_class()
    for kind, length in spells:
        panels = {"A": lambda _, kind=kind: kind, **site.siblings(2)}
        site.play(panels, seconds=length * every, every=every, batch=10 * every)
    assert_consistent(site.told)


def told_of(site, batches, *, now):
    """What is told, without the random ids."""
    told = [episode for rows in batches for episode in site.look(rows, now=now)]
    return [msgspec.structs.replace(episode, episode="") for episode in told]


@QUICK
@given(rows=ROWS, data=st.data())
def test_order_and_repetition_within_a_batch_change_nothing(site_class, rows, data):
    rows = list({(panel, second): (panel, second, kind) for panel, second, kind in rows}.values())
    mixed = data.draw(st.permutations(rows + rows[: len(rows) // 2]))
    expected = told_of(site_class(), [sorted(rows, key=lambda row: row[:2])], now=3000)
    found = told_of(site_class(), [mixed], now=3000)
    assert found == expected


def test_readings_that_come_again_later_change_nothing(site):
    rows = [("A", float(second), hot(second)) for second in range(120)]
    later = [("A", float(second), cool(second)) for second in range(120, 400)]
    [raised] = site.look(rows, now=120)
    [cleared] = site.look(later, now=400)
    assert cleared.episode == raised.episode
    for now in range(402, 420, 2):
        assert site.look(rows + later, now=now) == []
    assert site.detector.open_episodes() == []


def test_a_late_backlog_neither_raises_nor_clears(site):
    site.play({"A": cool}, seconds=60)
    backlog = [("A", float(second) - 3600, hot(second)) for second in range(600)]
    assert site.look(backlog, now=61) == []
    assert site.detector.open_episodes() == []


def test_a_backlog_is_judged_by_its_own_time(site):
    backlog = [("A", second - 7200.0, hot(second)) for second in range(600)]
    backlog += [("A", second - 7200.0, cool(second)) for second in range(600, 1200)]
    raised, cleared = site.look(backlog, now=0)
    assert raised.cleared_at is None
    assert raised.raised_at == site.moment(-7200)
    assert cleared.cleared_at == site.moment(-6600)


def test_silence_neither_raises_nor_clears(site):
    site.play({"A": hot}, seconds=20)
    site.play({}, seconds=1800)
    assert site.play({"A": hot}, seconds=5) == []
    site.play({"A": hot}, seconds=60)
    assert len(site.told) == 1
    site.play({}, seconds=86_400, batch=3600)
    assert len(site.detector.open_episodes()) == 1


def test_a_clock_that_was_ahead_and_is_put_back_does_not_blind(site):
    ahead = [("A", 86_400.0 + second, cool(second)) for second in range(60)]
    site.look(ahead, now=86_460)
    told = site.play({"A": hot}, seconds=60)
    assert [episode.alert_type for episode in told] == ["over_temperature"]


def test_an_open_episode_outlives_a_clock_that_is_put_back(site):
    ahead = [("A", 86_400.0 + second, hot(second)) for second in range(60)]
    [raised] = site.look(ahead, now=86_460)
    assert site.play({"A": hot}, seconds=300) == []
    [cleared] = site.play({"A": cool}, seconds=120)
    assert cleared.episode == raised.episode
    assert_consistent([raised, cleared])


def test_one_reading_a_little_ahead_delays_but_does_not_raise(site):
    site.look([("A", 290.0, hot(0))], now=0)
    assert site.play({"A": hot}, seconds=280) == []
    assert len(site.play({"A": hot}, seconds=60)) == 1


@pytest.mark.parametrize("every", [2, 60, 900])
def test_an_episode_is_updated_at_most_once_a_minute(site, every):
    site.play({"A": hot}, seconds=max(1200, 12 * every), every=every, batch=every)
    hot_ones = [each for each in site.told if each.alert_type == "over_temperature"]
    assert len(hot_ones) > 5
    gaps = [
        (after.last_seen_at - before.last_seen_at).total_seconds()
        for before, after in itertools.pairwise(hot_ones)
    ]
    assert min(gaps) >= 60


def test_updates_become_rarer_the_longer_an_episode_lasts(site):
    site.play({"A": hot}, seconds=86_400, every=60, batch=900)
    hot_ones = [each for each in site.told if each.alert_type == "over_temperature"]
    assert 30 < len(hot_ones) < 80
    assert (site.moment(86_400) - hot_ones[-1].last_seen_at).total_seconds() < 3700


def test_open_episodes_are_as_of_the_last_reading(site):
    site.play({"A": hot}, seconds=75)
    [told], [open_] = site.told, site.detector.open_episodes()
    assert open_.episode == told.episode
    assert open_.last_seen_at > told.last_seen_at


def test_each_panel_and_each_rule_has_its_own_episode(site):
    """Hot, and measured wrongly."""
    told = site.play({"A": lambda s: (95.5, 34 + s % 7, 7.0, 100.0), "B": hot}, seconds=180)
    assert {(each.panel, each.alert_type) for each in told} == {
        ("A", "over_temperature"),
        ("A", "power_mismatch"),
        ("B", "over_temperature"),
    }


def test_an_open_episode_survives_a_restart(site, site_class):
    site.play({"A": lambda s: hot(s, 97)}, seconds=60)
    [open_] = site.detector.open_episodes()
    after = site_class()
    after.second = 120.0
    after.detector.restore([open_])
    assert after.detector.open_episodes() == [open_]
    told = after.play({"A": hot}, seconds=100)
    assert {episode.episode for episode in told} == {open_.episode}
    assert told[-1].severity is Severity.HIGH
    [cleared] = after.play({"A": cool}, seconds=120)
    assert (cleared.episode, cleared.raised_at) == (open_.episode, open_.raised_at)
    assert_consistent([open_, *told, cleared])


def test_readings_from_before_the_restart_do_not_clear(site, site_class):
    site.play({"A": hot}, seconds=60)
    after = site_class()
    after.detector.restore(site.detector.open_episodes())
    old = [("A", second - 600.0, cool(second)) for second in range(600)]
    assert after.look(old, now=60) == []


def test_what_no_rule_watches_any_more_is_told_as_cleared(site):
    site.play({"A": hot}, seconds=60)
    [open_] = site.detector.open_episodes()
    strange = msgspec.structs.replace(open_, alert_type="forgotten", episode="1")
    whole_site = msgspec.structs.replace(open_, panel=None, episode="2")
    twice = msgspec.structs.replace(open_, episode="3")
    ended = msgspec.structs.replace(open_, episode="4", cleared_at=open_.last_seen_at)
    detector = Detector(RuleSettings())
    detector.restore([open_, strange, whole_site, twice, ended])
    told = detector.look(no_batch(site), now=site.moment(70))
    assert [(each.episode, each.cleared_at) for each in told] == [
        (number, open_.last_seen_at) for number in "123"
    ]
    assert [each.episode for each in detector.open_episodes()] == [open_.episode]


def test_small_batches_wait_up_to_a_second_and_an_empty_one_settles_them(site):
    assert site.look([("A", second / 2, hot(second)) for second in range(100)], now=50)
    site.look([("A", 50.1, cool(0))], now=50.1)
    assert site.detector.look(no_batch(site), now=site.moment(50.5)) == []
    rows = [("A", 50.2, cool(0))]
    site.look(rows, now=50.2)
    assert site.detector._rows_waiting == 2
    site.detector.look(no_batch(site), now=site.moment(51.2))
    assert site.detector._rows_waiting == 0


def test_many_waiting_readings_are_judged_at_once(site):
    site.look([("A", 0.0, cool(0))], now=0)
    rows = [("A", number / 20_000, cool(number)) for number in range(1, 10_001)]
    site.look(rows, now=0.5)
    assert site.detector._rows_waiting == 0


def test_more_panels_than_there_is_room_for_are_not_watched(site, caplog):
    rows = [(f"P-{number:06}", 0.0, hot(number)) for number in range(MAX_PANELS + 5)]
    panel_ids = [row[0] for row in rows]
    readings = site.readings(rows[:1])
    for second in range(0, 60, 10):
        batch = type(readings)(
            tuple(panel_ids),
            *(
                getattr(readings, name).repeat(len(rows))
                for name in ("panel", "time_us", "temperature_mc", "voltage_mv", "current_ma")
            ),
            readings.power_mw.repeat(len(rows)),
            readings.quality.repeat(len(rows)),
        )
        batch.panel[:] = range(len(rows))
        batch.time_us[:] += second * 1_000_000
        site.detector.look(batch, now=site.moment(second))
    assert len(site.detector.open_episodes()) == MAX_PANELS
    assert caplog.text.count("not watched") == 1


def test_panels_may_appear_at_any_time(site):
    """Growing keeps what is known of those before."""
    site.play({"A": hot}, seconds=20)
    many = {f"P-{number}": cool for number in range(300)}
    site.play({"A": hot, **many}, seconds=20)
    assert [(each.panel, each.raised_at) for each in site.told] == [("A", site.moment(0))]


def test_a_slot_is_shorter_than_any_rule_needs():
    tables = msgspec.to_builtins(RuleSettings()).values()
    shortest = min(table.get("raise_after_seconds", math.inf) for table in tables)
    assert shortest * 1e6 / 2 > SLOT_US


def test_settings_come_from_a_table_and_refuse_what_they_do_not_know():
    rules = msgspec.convert({"over_temperature": {"limit_celsius": 70}}, RuleSettings)
    assert rules.over_temperature.limit_celsius == 70
    assert rules.over_temperature.hysteresis_celsius == 5
    with pytest.raises(msgspec.ValidationError, match="limit_kelvin"):
        msgspec.convert({"over_temperature": {"limit_kelvin": 70}}, RuleSettings)
    with pytest.raises(msgspec.ValidationError, match="raise_after_seconds"):
        msgspec.convert({"flatline": {"raise_after_seconds": -1}}, RuleSettings)


def test_readings_that_cannot_be_judged_are_not_kept(site):
    broken = site.readings([("A", 0.0, hot(0))])
    broken.panel[:] = 7
    with pytest.raises(IndexError):
        site.detector.look(broken, now=site.moment(0))
    site.second = 10.0
    assert len(site.play({"A": hot}, seconds=60)) == 1
