import math

import pytest

from edge_agent.lane import Lane
from edge_agent.pacer import Pacer

KBIT = 64
RATE = KBIT * 125


def simulated(pacer, *, seconds, live_bytes, live_flows=True):
    """Send what waits whenever it may; live data every second. Returns bytes by lane, lateness."""
    sent, live_due, late = dict.fromkeys(Lane, 0), [], []
    for tick in range(seconds * 100):
        now = tick / 100
        if live_flows and tick % 100 == 0:
            live_due.append(now)
        if live_due and not pacer.wait(Lane.LIVE, now=now, live_flows=live_flows):
            late.append(now - live_due.pop(0))
            pacer.sent(Lane.LIVE, live_bytes, now=now)
            sent[Lane.LIVE] += live_bytes
        if not pacer.wait(Lane.BACKLOG, now=now, live_flows=live_flows):
            size = int(min(1_000_000, pacer.backlog_bytes))
            pacer.sent(Lane.BACKLOG, size, now=now)
            sent[Lane.BACKLOG] += size
    return sent, late


def test_the_cap_holds_on_average_and_live_data_is_not_late():
    sent, late = simulated(Pacer(KBIT, backlog_share=0.5), seconds=600, live_bytes=2_000)
    assert sum(sent.values()) <= 600 * RATE * 1.02
    assert max(late) == 0
    assert sent[Lane.BACKLOG] == pytest.approx(600 * RATE * 0.5, rel=0.05)


def test_the_backlog_takes_what_is_left_when_live_data_needs_more_than_its_part():
    sent, _ = simulated(Pacer(KBIT, backlog_share=0.5), seconds=600, live_bytes=6_000)
    assert sum(sent.values()) <= 600 * RATE * 1.02
    assert sent[Lane.BACKLOG] <= 600 * 2_000 * 1.05


def test_the_backlog_may_use_all_when_no_live_data_flows():
    pacer = Pacer(KBIT, backlog_share=0.5)
    sent, _ = simulated(pacer, seconds=600, live_bytes=0, live_flows=False)
    assert sent[Lane.BACKLOG] == pytest.approx(600 * RATE, rel=0.02)


def test_urgent_parcels_pass_at_once_and_are_counted():
    pacer = Pacer(KBIT, backlog_share=0.5)
    pacer.sent(Lane.URGENT, RATE * 10, now=0.0)
    assert pacer.wait(Lane.URGENT, now=0.0, live_flows=True) == 0
    assert pacer.wait(Lane.LIVE, now=0.0, live_flows=True) == 10
    assert pacer.wait(Lane.BACKLOG, now=0.0, live_flows=False) == 10


@pytest.mark.parametrize(("share", "wait"), [(1.0, 0.0), (0.5, 0.2), (0.25, 0.6)])
def test_without_a_cap_the_backlog_has_its_share_of_the_time(share, wait):
    pacer = Pacer(None, backlog_share=share)
    pacer.took(Lane.BACKLOG, 0.2, now=10.0)
    assert pacer.wait(Lane.BACKLOG, now=10.0, live_flows=True) == pytest.approx(wait)
    assert pacer.wait(Lane.BACKLOG, now=10.0, live_flows=False) == 0
    assert pacer.wait(Lane.LIVE, now=10.0, live_flows=True) == 0


def test_with_a_share_of_nothing_the_backlog_waits_for_a_pause():
    pacer = Pacer(None, backlog_share=0.0)
    assert pacer.wait(Lane.BACKLOG, now=0.0, live_flows=True) == math.inf
    assert pacer.wait(Lane.BACKLOG, now=0.0, live_flows=False) == 0
