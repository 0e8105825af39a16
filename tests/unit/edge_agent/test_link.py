from itertools import pairwise

import numpy as np
import pytest

from edge_agent.errors import CollectorAwayError, UnsignedError
from edge_agent.link import LONGEST_HOLD_SECONDS, Link

AWAY = CollectorAwayError("refused")


def after_an_outage(seconds):
    """An agent that asks again and again while the collector is away; when it is back, and when
    its backlog goes."""
    link, now = Link(now=0.0), 0.0
    link.answered(now=0.0)
    while now < seconds:
        link.lost(AWAY, now=now)
        now = max(link.retry_at, now + 0.001)
    link.answered(now=now)
    return now, link.backlog_from


def test_a_thousand_agents_come_back_one_after_another_and_their_backlogs_too():
    back, backlog = np.array([after_an_outage(600) for _ in range(1_000)]).T
    for moments, spread in ((back - 600, 20), (backlog - back, LONGEST_HOLD_SECONDS)):
        assert moments.min() >= 0
        assert moments.max() <= spread
        busiest = np.histogram(moments, bins=int(spread), range=(0, spread))[0].max()
        assert busiest <= 3 * 1_000 / spread
    assert np.histogram(backlog, bins=np.arange(600, 681))[0].max() <= 40


def test_after_a_hiccup_the_backlog_hardly_waits():
    back, backlog = np.array([after_an_outage(5) for _ in range(200)]).T
    assert (backlog - back).max() <= 0.1 * back.max()


def test_the_pause_between_tries_grows_to_its_ceiling():
    longest = []
    for failures in range(10):
        pauses = []
        for _ in range(200):
            link = Link(now=0.0)
            for _ in range(failures + 1):
                link.lost(AWAY, now=0.0)
            pauses.append(link.retry_at)
        longest.append(max(pauses))
    assert longest[0] <= 0.5
    assert 15 < longest[-1] <= 20
    assert all(a < b * 1.2 for a, b in pairwise(longest))


@pytest.mark.parametrize(("asked", "least"), [(7.0, 7.0), (10_000.0, 300.0), (None, 0.0)])
def test_what_the_collector_asks_for_is_waited_for_within_reason(asked, least):
    link = Link(now=0.0)
    link.lost(CollectorAwayError("busy", retry_after=asked), now=0.0)
    assert least <= link.retry_at <= least + 0.5


def test_the_change_is_said_once(caplog):
    caplog.set_level("INFO", "edge_agent.link")
    link = Link(now=0.0)
    for now in (1.0, 2.0, 3.0):
        link.lost(AWAY, now=now)
    for now in (4.0, 5.0):
        link.answered(now=now)
    assert [record.message for record in caplog.records] == [
        "the collector is away: refused; keeping everything, trying again",
        "the collector answers, after 4 s",
    ]


def test_what_is_not_asked_for_want_of_an_identity_is_not_called_away(caplog):
    Link(now=0.0).lost(UnsignedError("this gateway is not enrolled"), now=1.0)
    assert caplog.messages == [
        "nothing can be sent: this gateway is not enrolled; keeping everything, trying again"
    ]
