"""A gateway whose clock is wrong at boot: in the end every reading has its true time."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from programs.edge_agent import EdgeAgent
from programs.faketime import WallClock
from programs.publisher import publish, reading

THREE_YEARS = 3 * 365 * 86_400
PANELS = ("WITHOUT", "OWN", "FROM-US")


@pytest.fixture
def wrong_clock(tmp_path):
    clock = WallClock(tmp_path)
    clock.differs_by(seconds=-THREE_YEARS)
    return clock


@pytest.fixture
def site(whole_path, tmp_path, wrong_clock):
    """A second gateway, with a broker's messages of its own and a clock three years back."""
    topic = f"clock/{tmp_path.name}/{{panel_id}}"
    with ExitStack() as stack:
        agent = EdgeAgent(
            tmp_path / "agent",
            site="alpha",
            mqtt_url=whole_path.broker.url,
            collector=whole_path.collector,
            settings={
                "mqtt": {
                    "client_id": tmp_path.name,
                    "readings_topic": topic,
                    "weather_topic": "",
                    "meter_topic": "",
                }
            },
            environment=wrong_clock.environment,
        )
        stack.callback(agent.discard)
        agent.enroll()
        agent.start()
        yield agent, topic


def stored(whole_path, name):
    """Panel, time, current in milliamperes and quality of the readings of a test."""
    with psycopg.connect(whole_path.database_url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return connection.execute(
            "SELECT panel, time, current_ma, quality FROM reading_raw JOIN panel USING (panel_key)"
            " WHERE panel LIKE %s ORDER BY panel, time",
            [f"{name}-%"],
        ).fetchall()


class Panels:
    """Publish numbered readings, of which the true times are known."""

    def __init__(self, port, topic, name):
        self._port, self._topic, self._name = port, topic, name
        self.expected = []

    def publish(self, *, clock_error=-THREE_YEARS):
        """One reading of each panel: without a time, with its own, and with the gateway's."""
        now = datetime.now(UTC)
        stamps = (None, now, now + timedelta(seconds=clock_error))
        for kind, stamp in zip(PANELS, stamps, strict=True):
            panel, number = f"{self._name}-{kind}", len(self.expected)
            body = reading(panel) | {"current_amperes": number / 1000}
            del body["timestamp"]
            if stamp is not None:
                body["timestamp"] = stamp.isoformat().replace("+00:00", "Z")
            before = datetime.now(UTC)
            publish(self._port, self._topic.format(panel_id=panel), json.dumps(body).encode())
            exact = kind != "WITHOUT"
            self.expected.append((panel, number, now if exact else before, exact))


def test_readings_of_a_wrong_clock_end_at_their_true_times(
    whole_path, site, wrong_clock, wait_until, tmp_path
):
    agent, topic = site
    name = tmp_path.name
    panels = Panels(whole_path.broker.port, topic, name)
    for _ in range(5):
        panels.publish()
    wait_until(
        lambda: len(stored(whole_path, name)) == 5,
        timeout=30,
        what="what has another clock's stamp goes at once",
    )
    # All of them on disk: what a killed agent has not acknowledged, it receives again, and later.
    # The status counts what is held a moment after it is.
    wait_until(
        lambda: (status := agent.status()).outbox_rows == 10 and status.held_segments > 0,
        timeout=30,
        what="others are held",
    )
    status = agent.report("status")
    assert not status["clock_trusted"]
    assert any("our clock is not trusted" in problem for problem in status["problems"])
    assert {panel for panel, *_ in stored(whole_path, name)} == {f"{name}-OWN"}
    agent.kill()
    agent.start()
    for _ in range(3):
        panels.publish()
    wait_until(lambda: agent.status().outbox_rows == 16, timeout=30, what="these are held too")
    wrong_clock.differs_by(seconds=0)
    wait_until(lambda: agent.status().clock_trusted, timeout=60, what="the clock is trusted")
    for _ in range(3):
        panels.publish(clock_error=0)
    wait_until(
        lambda: len(stored(whole_path, name)) >= len(panels.expected),
        timeout=60,
        what="all readings are stored",
    )
    wait_until(lambda: agent.status().held_segments == 0, timeout=30, what="nothing is held")
    assert agent.status().clock_jumps == 1
    rows = stored(whole_path, name)
    assert len(rows) == len(panels.expected)
    found = {(panel, current): (at, quality) for panel, at, current, quality in rows}
    assert len(found) == len(rows)
    for panel, number, at, exact in panels.expected:
        time_, quality = found[panel, number]
        late = (time_ - at).total_seconds()
        assert -0.002 <= late <= (0.002 if exact else 5.0), (panel, number, late)
        assert not quality & 64


def test_check_says_that_nobody_confirms_the_clock(site, wrong_clock):
    agent, _ = site
    [found] = [one for one in agent.report("check") if one["check"] == "clock"]
    assert not found["ok"]
    assert "differs from it by +9460" in found["detail"]
    wrong_clock.differs_by(seconds=0)
    [found] = [one for one in agent.report("check") if one["check"] == "clock"]
    assert found["ok"]
