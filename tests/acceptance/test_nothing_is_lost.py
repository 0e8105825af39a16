"""Whatever part stops, and however: afterwards the rows are the published readings, exactly."""

import os
import signal

import pytest


@pytest.fixture
def stored_exactly(whole_path, wait_until):
    def check(publisher):
        published = publisher.readings
        wait_until(
            lambda: whole_path.count() >= len(published),
            timeout=60,
            what=f"all {len(published)} published readings are stored",
        )
        rows = whole_path.rows()
        assert len(rows) == len(published)
        assert set(rows) == published

    return check


def test_a_collector_that_is_away_is_waited_for(whole_path, wait_until, stored_exactly):
    with whole_path.counting() as publisher:
        wait_until(lambda: whole_path.count() > 100, what="readings arrive")
        whole_path.collector.stop()
        before = publisher.acknowledged
        # The broker is let go of its readings all the while: they are safe in the outbox.
        wait_until(lambda: publisher.acknowledged > before + 1000, what="the site goes on")
        whole_path.collector.start()
    stored_exactly(publisher)


def test_a_collector_killed_again_and_again_stores_nothing_twice(
    whole_path, wait_until, stored_exactly
):
    with whole_path.counting() as publisher:
        for _ in range(3):
            before = whole_path.count()
            wait_until(lambda before=before: whole_path.count() > before + 100)
            whole_path.collector.kill()
            whole_path.collector.start()
    stored_exactly(publisher)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_agent_that_ends_goes_on_where_it_was(whole_path, wait_until, stored_exactly, number):
    with whole_path.counting() as publisher:
        wait_until(lambda: whole_path.count() > 100, what="readings arrive")
        whole_path.agent.process.end(number)
        before = publisher.acknowledged
        wait_until(lambda: publisher.acknowledged > before + 500, what="the broker keeps them")
        whole_path.agent.start()
    stored_exactly(publisher)


def test_an_agent_killed_while_the_collector_is_away_loses_nothing(
    whole_path, wait_until, stored_exactly
):
    with whole_path.counting() as publisher:
        wait_until(lambda: whole_path.count() > 100, what="readings arrive")
        whole_path.collector.kill()
        for _ in range(2):
            before = publisher.acknowledged
            wait_until(lambda before=before: publisher.acknowledged > before + 300)
            whole_path.agent.kill()
            whole_path.agent.start()
        whole_path.collector.start()
    stored_exactly(publisher)


def test_a_broker_that_restarts_is_come_back_to(whole_path, wait_until, stored_exactly):
    with whole_path.counting() as publisher:
        wait_until(lambda: whole_path.count() > 100, what="readings arrive")
        whole_path.broker.restart()
        before = publisher.acknowledged
        wait_until(lambda: publisher.acknowledged > before + 300, what="the panels are back")
    stored_exactly(publisher)


def test_a_collector_that_hangs_is_not_waited_for_without_end(
    whole_path, wait_until, stored_exactly
):
    with whole_path.counting() as publisher:
        wait_until(lambda: whole_path.count() > 100, what="readings arrive")
        os.kill(whole_path.collector.process.pid, signal.SIGSTOP)
        try:
            before = publisher.acknowledged
            wait_until(lambda: publisher.acknowledged > before + 1000, what="the site goes on")
        finally:
            os.kill(whole_path.collector.process.pid, signal.SIGCONT)
    stored_exactly(publisher)
