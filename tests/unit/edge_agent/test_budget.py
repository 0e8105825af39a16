from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.budget import Budget
from edge_agent.lane import Lane

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MEGABYTE = 1_000_000


@pytest.fixture
def budget():
    return Budget(30 * MEGABYTE, backlog_share=0.5)


@pytest.mark.parametrize(
    ("moment", "megabytes"),
    [(FIRST, 1), (FIRST + 9 * DAY, 10), (FIRST + 29 * DAY, 30), (FIRST + 29.9 * DAY, 30)],
)
def test_it_accrues_evenly_with_one_days_worth_ahead(budget, moment, megabytes):
    assert budget.allowed(moment) == megabytes * MEGABYTE


def test_live_data_may_use_all_that_has_accrued_and_the_backlog_its_share(budget):
    budget.sent(Lane.BACKLOG, MEGABYTE // 2, now=FIRST)
    assert not budget.allows(Lane.BACKLOG, now=FIRST)
    assert budget.allows(Lane.LIVE, now=FIRST)
    budget.sent(Lane.LIVE, MEGABYTE // 2, now=FIRST)
    assert not budget.allows(Lane.LIVE, now=FIRST)
    assert budget.allows(Lane.URGENT, now=FIRST)


def test_live_data_that_was_held_waits_until_some_has_accrued(budget):
    budget.sent(Lane.LIVE, MEGABYTE, now=FIRST)
    assert not budget.allows(Lane.LIVE, now=FIRST)
    assert not budget.allows(Lane.LIVE, now=FIRST + timedelta(minutes=5))
    assert budget.allows(Lane.LIVE, now=FIRST + timedelta(minutes=11))


def test_a_month_of_live_data_whenever_it_may_stays_within_the_budget(budget):
    now, sent = FIRST, 0
    while now < FIRST + 30 * DAY:
        if budget.allows(Lane.LIVE, now=now):
            budget.sent(Lane.LIVE, 20_000, now=now)
            sent += 20_000
        now += timedelta(minutes=5)
    assert 29.9 * MEGABYTE < sent <= 30 * MEGABYTE + 20_000


def test_each_month_begins_anew_by_utc(budget):
    budget.sent(Lane.LIVE, 30 * MEGABYTE, now=FIRST + 29.9 * DAY)
    assert not budget.allows(Lane.LIVE, now=FIRST + 29.95 * DAY)
    assert budget.allows(Lane.LIVE, now=FIRST + 30 * DAY)


def test_a_clock_that_was_wrong_for_a_while_does_not_forget_the_month(budget):
    now = FIRST + 10 * DAY
    budget.sent(Lane.LIVE, 5 * MEGABYTE, now=now)
    budget.sent(Lane.LIVE, 1000, now=datetime(1970, 1, 1, tzinfo=UTC))
    budget.sent(Lane.LIVE, 1000, now=datetime(2036, 2, 1, tzinfo=UTC))
    assert budget.spent(now) == 5 * MEGABYTE


def restored(remembered):
    budget = Budget(30 * MEGABYTE, backlog_share=0.5)
    budget.restore(remembered)
    return budget


def test_a_crash_never_makes_it_seem_that_less_was_sent(budget):
    written, writes, sent = None, 0, 0
    for _ in range(500):
        if (state := budget.to_remember(FIRST)) is not None:
            written, writes = state, writes + 1
        budget.sent(Lane.LIVE, 10_000, now=FIRST)
        sent += 10_000
        assert sent <= restored(written).spent(FIRST) + 10_000
        assert restored(written).spent(FIRST) <= sent + 300_000
    assert writes <= 5_000_000 / 262_144 + 2


def test_a_stop_in_good_order_remembers_exactly(budget):
    budget.sent(Lane.LIVE, 12_345, now=FIRST)
    again = restored(budget.to_remember(FIRST, stopping=True))
    assert again.spent(FIRST) == 12_345


@pytest.mark.parametrize("remembered", [None, b"", b"{", b"\xff\xff", b'{"2026-06": 7}'])
def test_what_cannot_be_read_counts_as_nothing(remembered):
    assert restored(remembered).spent(FIRST) == 0


def test_without_a_budget_everything_may_go_and_nothing_is_written():
    budget = Budget(None, backlog_share=0.5)
    budget.sent(Lane.LIVE, 10**12, now=FIRST)
    assert all(budget.allows(lane, now=FIRST) for lane in Lane)
    assert budget.allowed(FIRST) is None
    assert budget.to_remember(FIRST, stopping=True) is None
