import pytest

from edge_agent.forecast import Forecast, Outlook


def follow(rows_of, *, seconds=600, every=5):
    forecast = Forecast()
    for now in range(0, seconds, every):
        forecast.note(rows_of(now), now=now)
    return forecast


def test_a_backlog_that_drains_evenly_is_foreseen():
    outlook = follow(lambda now: 1_000_000 - 1000 * now).outlook(400_000)
    assert outlook.seconds == pytest.approx(400, rel=0.01)
    assert not outlook.grows


def test_uneven_draining_is_evened_out():
    outlook = follow(lambda now: 1_000_000 - 10_000 * (now // 10)).outlook(400_000)
    assert outlook.seconds == pytest.approx(400, rel=0.1)


@pytest.mark.parametrize("rows_of", [lambda now: 1000 * now, lambda _: 1000])
def test_a_backlog_that_does_not_become_less_grows(rows_of):
    outlook = follow(rows_of).outlook(1000)
    assert (outlook.seconds, outlook.grows) == (None, True)


def test_nothing_is_promised_while_the_collector_is_away_though_the_backlog_became_smaller():
    forecast = Forecast()
    for now in range(0, 60, 5):
        forecast.note(100_000 - 1000 * now, now=now, there=False)
    assert forecast.outlook(45_000) == Outlook(None, grows=False)


def test_when_nothing_waits_there_is_nothing_to_foresee():
    outlook = follow(lambda now: max(0, 1000 - now * 10)).outlook(0)
    assert (outlook.seconds, outlook.grows) == (None, False)


def test_the_outage_is_soon_forgotten_when_it_drains():
    outlook = follow(lambda now: 1000 * now if now < 3600 else 3_600_000 - 20_000 * (now - 3600),
                     seconds=3720).outlook(1_300_000)  # fmt: skip
    assert outlook.seconds == pytest.approx(65, rel=1.0)


def test_the_outage_is_forgotten_at_once_when_the_collector_answers():
    forecast = Forecast()
    for now in range(0, 600, 5):
        forecast.note(10_000 * now, now=now, there=False)
    assert forecast.outlook(5_950_000).grows
    for now in range(600, 620, 5):
        forecast.note(6_000_000 - 1000 * (now - 600), now=now, there=True)
    assert forecast.outlook(5_985_000).seconds == pytest.approx(5985, rel=0.01)
