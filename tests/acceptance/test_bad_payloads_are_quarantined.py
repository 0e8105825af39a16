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


@pytest.fixture
def good_after(whole_path, wait_until):
    """Publish a good reading of another panel and wait until it is stored."""

    def check():
        panel = whole_path.panel()
        payload = json.dumps(reading(panel)).encode()
        publish(whole_path.broker.port, f"sensors/{panel}/readings", payload)
        wait_until(lambda: whole_path.count(panel) == 1, what="a good one after it is stored")

    return check


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD.keys())
def test_what_is_no_reading_is_kept_with_its_reason(whole_path, wait_until, good_after, payload):
    panel, process = whole_path.panel(), whole_path.agent.process.pid
    publish(whole_path.broker.port, f"sensors/{panel}/readings", payload)

    good_after()
    ((reason, kept),) = wait_until(lambda: whole_path.quarantined(panel), what="it is kept")
    assert reason
    assert payload.startswith(kept)
    assert whole_path.count(panel) == 0
    assert whole_path.agent.process.pid == process


def test_valid_elements_of_an_array_are_stored_beside_bad_ones(whole_path, wait_until):
    panel = whole_path.panel()
    times = ["2026-01-01T12:00:00.000Z", "2026-01-01T12:00:01.000Z"]
    elements = [
        reading(panel, timestamp=times[0]),
        reading(panel) | {"voltage_volts": "high"},
        "nonsense",
        reading(panel, timestamp=times[1]),
        reading(panel) | {"voltage_volts": 4000.0},
    ]
    publish(whole_path.broker.port, f"sensors/{panel}/readings", json.dumps(elements).encode())
    wait_until(lambda: whole_path.count(panel) == 2, what="both good elements are stored")
    wait_until(lambda: whole_path.quarantined(panel), what="the bad elements are kept")
    assert whole_path.rows(panel) == [(panel, time) for time in times]


def test_bad_payloads_do_not_stop_the_good_ones_around_them(whole_path, wait_until):
    bad = whole_path.panel()
    with whole_path.counting(rate=300) as publisher:
        for payload in list(BAD.values()) * 2:
            publish(whole_path.broker.port, f"sensors/{bad}/readings", payload)
        wait_until(lambda: publisher.acknowledged > 600, timeout=60)
    mine, published = f"{publisher.name}-%", publisher.readings
    wait_until(
        lambda: whole_path.count(mine) == len(published),
        timeout=60,
        what="every good one is stored",
    )
    assert set(whole_path.rows(mine)) == published
    assert len(whole_path.quarantined(bad)) == 2 * len(BAD)
