"""Whatever part stops, and however: afterwards the rows are the published readings, exactly."""

import os
import signal

import pytest


@pytest.fixture
def stored_exactly(whole_path, wait_until):
    def check(publisher):
        mine, published = f"{publisher.name}-%", publisher.readings
        wait_until(
            lambda: whole_path.count(mine) >= len(published),
            timeout=60,
            what=f"all {len(published)} published readings are stored",
        )
        rows = whole_path.rows(mine)
        assert len(rows) == len(published)
        assert set(rows) == published

    return check


@pytest.fixture
def flowing(whole_path, wait_until):
    def check(publisher, rows=100):
        """Wait until so many more of the publisher's readings are stored."""
        mine = f"{publisher.name}-%"
        wanted = whole_path.count(mine) + rows
        wait_until(lambda: whole_path.count(mine) >= wanted, timeout=40, what="readings arrive")

    return check


@pytest.fixture
def acknowledged(wait_until):
    def check(publisher, readings):
        """Wait until the broker has so many more of the publisher's readings."""
        wanted = publisher.acknowledged + readings
        wait_until(lambda: publisher.acknowledged >= wanted, timeout=40, what="the site goes on")

    return check


def test_a_collector_that_is_away_is_waited_for(whole_path, flowing, acknowledged, stored_exactly):
    with whole_path.counting() as publisher:
        flowing(publisher)
        whole_path.collector.stop()
        acknowledged(publisher, 1000)
        whole_path.collector.start()
    stored_exactly(publisher)


def test_a_collector_killed_again_and_again_stores_nothing_twice(
    whole_path, flowing, stored_exactly
):
    with whole_path.counting() as publisher:
        for _ in range(3):
            flowing(publisher)
            whole_path.collector.kill()
            whole_path.collector.start()
    stored_exactly(publisher)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_agent_that_ends_goes_on_where_it_was(
    whole_path, flowing, acknowledged, stored_exactly, number
):
    with whole_path.counting() as publisher:
        flowing(publisher)
        whole_path.agent.process.end(number)
        acknowledged(publisher, 500)
        whole_path.agent.start()
    stored_exactly(publisher)


def test_an_agent_killed_while_the_collector_is_away_loses_nothing(
    whole_path, flowing, acknowledged, stored_exactly
):
    with whole_path.counting() as publisher:
        flowing(publisher)
        whole_path.collector.kill()
        for _ in range(2):
            acknowledged(publisher, 300)
            whole_path.agent.kill()
            whole_path.agent.start()
        whole_path.collector.start()
    stored_exactly(publisher)


def test_a_broker_that_restarts_is_come_back_to(whole_path, flowing, acknowledged, stored_exactly):
    with whole_path.counting() as publisher:
        flowing(publisher)
        whole_path.broker.restart()
        acknowledged(publisher, 300)
    stored_exactly(publisher)


def test_a_collector_that_hangs_does_not_stop_the_site(
    whole_path, flowing, acknowledged, stored_exactly
):
    with whole_path.counting() as publisher:
        flowing(publisher)
        os.kill(whole_path.collector.process.pid, signal.SIGSTOP)
        try:
            acknowledged(publisher, 1000)
        finally:
            os.kill(whole_path.collector.process.pid, signal.SIGCONT)
    stored_exactly(publisher)
