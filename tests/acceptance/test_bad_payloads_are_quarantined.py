import json
from datetime import UTC, datetime, timedelta

import pytest

from programs.publisher import publish, reading

FUTURE = (datetime.now(UTC) + timedelta(days=1)).isoformat()

BAD = {
    "not JSON": b"{panel: one}",
    "not UTF-8": b'{"panel_id": "\xff\xfe"}',
    "empty": b"",
    "a number": b"42",
    "a wrong type": json.dumps(reading() | {"voltage_volts": "48.2"}).encode(),
    "NaN": json.dumps(reading() | {"power_output_watts": float("nan")}).encode(),
    "a missing value": json.dumps(
        {name: value for name, value in reading().items() if name != "current_amperes"}
    ).encode(),
    "a null": json.dumps(reading() | {"current_amperes": None}).encode(),
    "a far-future time": json.dumps(reading(timestamp=FUTURE)).encode(),
    "an unknown field": json.dumps(reading() | {"colour": "blue"}).encode(),
    "an impossible value": json.dumps(reading() | {"temperature_celsius": 400.0}).encode(),
    "deep nesting": b"[" * 100_000,
    "10 MB of text": b"a" * 10_000_000,
    "10 MB of JSON text": json.dumps("a" * 10_000_000).encode(),
}


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD.keys())
def test_what_is_no_reading_is_kept_with_its_reason(whole_path, wait_until, payload):
    port = whole_path.broker.port
    publish(port, "sensors/BAD/readings", payload)
    publish(port, "sensors/GOOD/readings", json.dumps(reading("GOOD")).encode())

    wait_until(lambda: whole_path.rows("GOOD"), what="the good one after it is stored")
    ((reason, kept),) = wait_until(whole_path.quarantined, what="the bad one is kept")
    assert reason
    assert payload.startswith(kept)
    assert whole_path.count() == 1
    assert whole_path.agent.process.runs


def test_valid_elements_of_an_array_are_stored_beside_bad_ones(whole_path, wait_until):
    elements = [
        reading("GOOD", timestamp="2026-01-01T12:00:00.000Z"),
        reading("GOOD") | {"voltage_volts": "high"},
        "nonsense",
        reading("GOOD", timestamp="2026-01-01T12:00:01.000Z"),
        reading("GOOD") | {"voltage_volts": 4000.0},
    ]
    publish(whole_path.broker.port, "sensors/GOOD/readings", json.dumps(elements).encode())
    wait_until(lambda: whole_path.count() == 2, what="both good elements are stored")
    wait_until(whole_path.quarantined, what="the bad elements are kept")
    assert whole_path.rows() == [
        ("GOOD", "2026-01-01T12:00:00.000Z"),
        ("GOOD", "2026-01-01T12:00:01.000Z"),
    ]


def test_bad_payloads_do_not_slow_the_good_ones(whole_path, wait_until):
    with whole_path.counting(rate=300) as publisher:
        for payload in list(BAD.values()) * 2:
            publish(whole_path.broker.port, "sensors/BAD/readings", payload)
        wait_until(lambda: publisher.acknowledged > 600)
    wait_until(
        lambda: whole_path.count() == len(publisher.readings), what="every good one is stored"
    )
    assert set(whole_path.rows("COUNTED%")) == publisher.readings
