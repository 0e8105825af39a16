from uuid import UUID

import pytest

from edge_agent.sealed import Key
from edge_agent.suspects import MOST_GROUPS, Suspects

KEYS = tuple(Key(UUID(int=1), number) for number in range(16))
OTHER = (Key(UUID(int=2), 0),)


def sought(bad, *, others_pass=True, tries=100):
    """Let a collector fail on one segment: which is set aside, which are taken."""
    suspects, now, taken = Suspects(), 0.0, set()
    assert not suspects.failed(KEYS, now=now)
    for _ in range(tries):
        now += 30.0
        if others_pass:
            suspects.succeeded(OTHER)
        while group := suspects.due(now=now, alone=not others_pass):
            if bad not in group and others_pass:
                suspects.succeeded(group)
                taken |= set(group)
            elif suspects.failed(group, now=now):
                return group, taken
    return (), taken


@pytest.mark.parametrize("bad", [KEYS[0], KEYS[7], KEYS[15]])
def test_the_one_at_fault_is_found_and_all_others_are_taken(bad):
    culprit, taken = sought(bad)
    assert culprit == (bad,)
    assert taken == set(KEYS) - {bad}


def test_nobody_is_at_fault_while_the_collector_fails_on_everything():
    assert sought(KEYS[3], others_pass=False) == ((), set())


def test_nobody_is_at_fault_who_is_tried_only_while_the_collector_fails_on_everything():
    suspects, now = Suspects(), 0.0
    suspects.failed(OTHER, now=now)
    for _ in range(50):  # as where the pause between two tries is that between two outages
        suspects.failed_on_all()
        suspects.succeeded(KEYS)
        now += 30.0
        assert suspects.due(now=now, alone=False) == OTHER
        assert not suspects.failed(OTHER, now=now)


def test_one_is_tried_after_something_else_was_taken_or_when_there_is_nothing_else():
    suspects = Suspects()
    suspects.failed(OTHER, now=0.0)
    assert suspects.due(now=10.0, alone=False) == ()
    assert suspects.due(now=0.5, alone=True) == ()
    assert suspects.due(now=10.0, alone=True) == OTHER
    suspects.succeeded(KEYS)
    assert suspects.due(now=10.0, alone=False) == OTHER
    suspects.succeeded(OTHER)
    assert not len(suspects)


def test_where_nothing_else_is_there_the_halves_tell_whose_fault_it_is():
    suspects = Suspects()
    suspects.failed(KEYS[:2], now=0.0)
    first = suspects.due(now=0.0, alone=True)
    assert first == KEYS[:1]
    suspects.succeeded(first)
    assert suspects.due(now=0.0, alone=False) == KEYS[1:2]


def test_a_collector_that_fails_on_everything_makes_few_groups_suspect():
    suspects = Suspects()
    for key in KEYS[:MOST_GROUPS]:
        assert not suspects.too_many
        suspects.failed((key,), now=0.0)
    assert suspects.too_many
