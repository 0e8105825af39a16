import json
import time

import pytest

from programs.publisher import publish, reading


@pytest.fixture
def panel(whole_path):
    return whole_path.panel()


@pytest.fixture
def send(whole_path, panel):
    def send(bodies, **options):
        payload = json.dumps(bodies).encode()
        publish(whole_path.broker.port, f"sensors/{panel}/readings", payload, **options)

    return send


def second(number):
    return f"2026-01-01T12:00:{number:02d}.000Z"


def test_a_reading_of_any_client_is_answered_within_a_second(whole_path, wait_until):
    def answered(panel):
        path = f"/api/panels/{panel}/readings"
        answer = whole_path.collector.get(path, expect=(200, 404), interval="raw")
        return answer if isinstance(answer, list) else None

    whole_path.collector.token()
    took = []
    for _ in range(5):  # the machine may be busy with other tests
        panel = whole_path.panel()
        body = reading(panel)
        sent = time.monotonic()
        payload = json.dumps(body).encode()
        publish(whole_path.broker.port, f"sensors/{panel}/readings", payload)
        (row,) = wait_until(lambda panel=panel: answered(panel), what="the reading is answered")
        took.append(time.monotonic() - sent)

        assert row["panel_id"] == panel
        assert row["timestamp"].startswith(body["timestamp"].rstrip("Z"))
        quantities = [name for name in body if name not in {"panel_id", "timestamp"}]
        assert {name: row[name] for name in quantities} == {name: body[name] for name in quantities}
    assert min(took) < 1.0


def test_a_batch_array_is_as_many_readings(whole_path, wait_until, panel, send):
    send([reading(panel, timestamp=second(number)) for number in range(10)])
    wait_until(lambda: whole_path.count(panel) == 10, what="all ten are stored")
    assert whole_path.rows(panel) == [(panel, second(number)) for number in range(10)]


def test_the_topic_names_the_panel_when_the_reading_does_not(whole_path, wait_until, panel, send):
    send(reading(None))
    wait_until(lambda: whole_path.count(panel) == 1, what="the reading is stored")


def test_the_value_a_broker_retains_is_no_reading(whole_path, wait_until, panel, send):
    send(reading(panel, timestamp=second(0)), retain=True)
    wait_until(lambda: whole_path.count(panel) == 1, what="its live copy is stored")
    with_time = reading(panel, timestamp=second(1))
    del with_time["timestamp"]
    send(with_time, retain=True)
    wait_until(lambda: whole_path.count(panel) == 2, what="its live copy is stored")

    whole_path.agent.stop()
    whole_path.agent.start()
    other = whole_path.panel()
    payload = json.dumps(reading(other)).encode()
    publish(whole_path.broker.port, f"sensors/{other}/readings", payload)
    wait_until(lambda: whole_path.count(other) == 1, what="a live reading is stored")
    assert whole_path.count(panel) == 2


@pytest.mark.parametrize("count", [1, 500])
def test_a_reading_that_comes_twice_is_stored_once(whole_path, wait_until, panel, send, count):
    bodies = [reading(panel, timestamp=1_767_272_400 + number) for number in range(count)]
    send(bodies)
    send(bodies)
    send(reading(panel, timestamp=second(59)))
    last = (panel, second(59))
    wait_until(lambda: last in whole_path.rows(panel), what="what came last is stored")
    assert whole_path.count(panel) == count + 1
