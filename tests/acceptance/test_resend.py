"""The collector asks for a time range again, and gets what the agent still holds of it."""

import json
import random
import time
from datetime import UTC, datetime

import httpx
import pytest

from programs.publisher import publish, reading


def stamp(moment):
    return datetime.fromtimestamp(moment, UTC).isoformat()


@pytest.fixture
def ask(whole_path):
    def post(path, document):
        collector = whole_path.collector
        token = collector.token("operator")
        answer = httpx.post(
            collector.url + path, json=document, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.is_success, answer.text
        return answer.json()

    return post


def test_what_a_collector_refused_once_is_sent_again_when_it_asks_for_it(
    whole_path, ask, wait_until
):
    collector, panel, topic = whole_path.collector, whole_path.panel(), "sensors/{}/readings"
    chance = random.Random(1)
    noisy = [
        reading(panel, timestamp=time.time() - 3600 + number / 1000)
        | {"voltage_volts": chance.uniform(1, 50), "current_amperes": chance.uniform(0, 12)}
        for number in range(4_000)
    ]
    whole_path.agent.stop()
    collector.stop()
    collector.process.environment["HELIOGRAPH_MAX_BODY_BYTES"] = "8000"
    collector.start()
    whole_path.agent.start()
    publish(whole_path.broker.port, topic.format(panel), json.dumps(noisy).encode())
    wait_until(
        lambda: whole_path.in_outbox("SELECT 1 FROM set_aside WHERE readings = 4000"),
        timeout=60,
        what="it is refused and set aside",
    )
    whole_path.agent.stop()
    collector.stop()
    del collector.process.environment["HELIOGRAPH_MAX_BODY_BYTES"]
    collector.start()
    whole_path.agent.start()
    (gateway,) = [one["gateway_id"] for one in collector.get("/api/gateways")]
    span = {"from": stamp(time.time() - 3700), "to": stamp(time.time() - 3500)}

    ask(f"/api/gateways/{gateway}/resend", span)
    publish(whole_path.broker.port, topic.format(panel), json.dumps(reading(panel)).encode())

    wait_until(lambda: whole_path.count(panel) == 4_001, timeout=60, what="it is stored")
    (asked,) = wait_until(
        lambda: [
            one
            for one in collector.get(f"/api/gateways/{gateway}")["resends"]
            if one["answered_at"]
        ],
        timeout=60,
        what="the request is answered",
    )
    assert asked["held_segments"] == 1
    assert asked["held_rows"] >= 4_000
    assert whole_path.in_outbox("SELECT * FROM set_aside") == []
