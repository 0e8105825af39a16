import json
import time

import pytest

from programs.publisher import publish, reading


def newest(path, panel):
    return path.collector.get(f"/api/panels/{panel}/readings", interval="raw")


def test_a_reading_of_any_client_is_answered_within_a_second(whole_path, wait_until):
    publish(whole_path.broker.port, "sensors/WARM/readings", json.dumps(reading("WARM")).encode())
    wait_until(lambda: whole_path.rows("WARM"), what="the first reading is stored")
    whole_path.collector.token()
    body = reading("PANEL-042")

    sent = time.monotonic()
    publish(whole_path.broker.port, "sensors/PANEL-042/readings", json.dumps(body).encode())
    wait_until(lambda: whole_path.rows("PANEL-042"), timeout=5, what="the reading is stored")
    took = time.monotonic() - sent

    (row,) = newest(whole_path, "PANEL-042")
    assert took < 1.0
    assert row["panel_id"] == "PANEL-042"
    assert row["timestamp"].startswith(body["timestamp"].rstrip("Z"))
    assert {name: row[name] for name in body if name.endswith(("s", "watts"))} == {
        name: body[name] for name in body if name.endswith(("s", "watts"))
    }


def test_a_batch_array_is_as_many_readings(whole_path, wait_until):
    bodies = [
        reading("PANEL-001", timestamp=f"2026-01-01T12:00:0{second}.000Z") for second in range(10)
    ]
    publish(whole_path.broker.port, "sensors/PANEL-001/readings", json.dumps(bodies).encode())
    wait_until(lambda: whole_path.count() == 10, what="all ten are stored")
    assert whole_path.rows() == [("PANEL-001", body["timestamp"]) for body in bodies]


def test_the_topic_names_the_panel_when_the_reading_does_not(whole_path, wait_until):
    payload = json.dumps(reading(None)).encode()
    publish(whole_path.broker.port, "sensors/PANEL-007/readings", payload)
    wait_until(lambda: whole_path.rows("PANEL-007"), what="the reading is stored")


def test_the_last_value_a_broker_retains_is_no_reading(whole_path, wait_until):
    kept, port = reading("PANEL-001", timestamp="2026-01-01T12:00:00.000Z"), whole_path.broker.port
    whole_path.agent.stop()
    publish(port, "sensors/PANEL-001/readings", json.dumps(kept).encode(), retain=True)
    wait_until(lambda: not whole_path.agent.process.runs)
    whole_path.agent.start()
    wait_until(lambda: whole_path.count() == 1, what="the live copy was queued for the session")

    whole_path.agent.stop()
    whole_path.agent.start()
    fresh = json.dumps(reading("PANEL-002")).encode()
    publish(port, "sensors/PANEL-002/readings", fresh)
    wait_until(lambda: whole_path.rows("PANEL-002"), what="a live reading is stored")
    assert len(whole_path.rows("PANEL-001")) == 1


@pytest.mark.parametrize("count", [1, 500])
def test_a_reading_that_comes_twice_is_stored_once(whole_path, wait_until, count):
    body = json.dumps([reading("TWICE", timestamp=1_767_268_800 + n) for n in range(count)])
    for _ in range(2):
        publish(whole_path.broker.port, "sensors/TWICE/readings", body.encode())
    publish(whole_path.broker.port, "sensors/LAST/readings", json.dumps(reading("LAST")).encode())
    wait_until(lambda: whole_path.rows("LAST"), what="what came last is stored")
    assert len(whole_path.rows("TWICE")) == count
