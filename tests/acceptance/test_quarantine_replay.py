"""A person corrects what made readings bad, and has them judged again."""

import json
from datetime import datetime

import pytest

from programs.publisher import publish, reading


@pytest.fixture
def strong(whole_path):
    """A panel that gives more than a panel can, as far as the configuration knows."""
    panel = whole_path.panel()
    sent = reading(panel) | {"power_output_watts": 5_000.0}
    del sent["timestamp"]
    publish(whole_path.broker.port, f"sensors/{panel}/readings", json.dumps(sent).encode())
    return panel


@pytest.fixture
def entries(whole_path):
    """Id and arrival of what the quarantine has of a panel."""
    return lambda panel: whole_path.in_outbox(
        "SELECT id, received_us, reason FROM quarantine WHERE topic = ? ORDER BY id",
        f"sensors/{panel}/readings",
    )


def allow(whole_path, panel):
    config = whole_path.agent.config
    config.write_text(
        f'{config.read_text()}\n[panels."{panel}".possible]\npower_output_watts = [-10, 6000]\n'
    )
    if whole_path.agent.process.runs:
        whole_path.agent.stop()
        whole_path.agent.start()


def test_readings_are_stored_with_their_time_after_the_limits_were_corrected(
    whole_path, strong, entries, wait_until
):
    ((id_, received_us, reason),) = wait_until(lambda: entries(strong), what="it is kept")
    assert "power_output_watts" in reason
    allow(whole_path, strong)

    done = whole_path.agent.command("quarantine", "replay", str(id_))

    assert done == {"entries": 1, "segments": 0, "rows": 1, "skipped": []}
    wait_until(lambda: whole_path.count(strong) == 1, what="it is stored")
    ((_, time),) = whole_path.rows(strong)
    assert abs(datetime.fromisoformat(time).timestamp() - received_us / 1e6) < 0.01
    assert entries(strong) == []
    wait_until(lambda: whole_path.replays() == 0, what="the message is forgotten")


def test_what_is_still_wrong_comes_back_with_its_time(whole_path, strong, entries, wait_until):
    ((id_, *others),) = wait_until(lambda: entries(strong), what="it is kept")
    whole_path.agent.command("quarantine", "replay", str(id_))
    wait_until(lambda: whole_path.replays() == 0, what="the message is forgotten")
    ((again, *same),) = entries(strong)
    assert again != id_
    assert same == others


def test_what_was_ordered_while_the_agent_was_down_is_done_though_it_is_killed_then(
    whole_path, strong, entries, wait_until
):
    wait_until(lambda: entries(strong), what="it is kept")
    whole_path.agent.stop()
    allow(whole_path, strong)
    whole_path.agent.command("quarantine", "replay", "--all", "--yes", "--reason", "5000")
    assert entries(strong) == []
    assert whole_path.replays()
    whole_path.agent.start()
    whole_path.agent.kill()
    whole_path.agent.start()
    wait_until(lambda: whole_path.replays() == 0, what="the message is forgotten")
    wait_until(lambda: whole_path.count(strong) == 1, what="it is stored")
    assert entries(strong) == []
