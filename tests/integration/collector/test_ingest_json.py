import json
from dataclasses import replace
from datetime import timedelta

import pytest

from collector.errors import BadBodyError
from integration.collector.bodies import NOW


def reading(**changes):
    return {
        "panel_id": "PANEL-001",
        "timestamp": NOW.isoformat(),
        "temperature_celsius": 25.3,
        "voltage_volts": 48.2,
        "current_amperes": 8.5,
        "power_output_watts": 409.7,
    } | changes


def body(*readings):
    return json.dumps({"readings": readings}).encode()


@pytest.fixture
def integration(sender):
    """A token of role ingest: no gateway, so nothing is entered into the ledger."""
    return replace(sender, gateway_key=None)


async def test_readings_are_stored_and_repetitions_counted(ingest, integration, rows):
    sent = body(reading(), reading(timestamp=NOW.timestamp() - 1), reading())

    first = await ingest.readings(sent, sender=integration, now=NOW)
    again = await ingest.readings(sent, sender=integration, now=NOW)

    assert (first.accepted, first.duplicates) == (2, 1)
    assert (again.accepted, again.duplicates, again.segments) == (0, 3, [])
    assert rows("SELECT site, panel_id, voltage_volts FROM reading ORDER BY timestamp") == [
        ("alpha", "PANEL-001", 48.2),
        ("alpha", "PANEL-001", 48.2),
    ]
    assert rows("SELECT count(*) FROM ledger") == [(0,)]


async def test_each_element_is_judged_alone_by_its_position(ingest, integration, rows):
    sent = body(
        reading(power_output_watts="many"),
        reading(),
        reading(temperature_celsius=400),
        reading(timestamp=(NOW + timedelta(hours=1)).isoformat()),
        reading(unknown=1),
        reading(panel_id="/"),
        [[]],
        reading(timestamp=NOW.timestamp() - 5, voltage_volts=70),
    )

    receipt = await ingest.readings(sent, sender=integration, now=NOW)

    assert receipt.accepted == 2
    assert [rejection.index for rejection in receipt.rejected] == [0, 2, 3, 4, 5, 6]
    assert "temperature_celsius is 400, possible is -50 to 120" in receipt.rejected[1].reason
    # 70 V is beyond the nominal range, and 70 V * 8.5 A is not 409.7 W.
    assert rows("SELECT quality FROM reading_raw ORDER BY time") == [(2 | 16,), (0,)]


async def test_one_bad_element_among_20_000_is_the_only_one_rejected(ingest, integration, rows):
    sent = [reading(timestamp=NOW.timestamp() - at) for at in range(20_000)]
    sent[12_345]["voltage_volts"] = "many"

    receipt = await ingest.readings(body(*sent), sender=integration, now=NOW)

    assert (receipt.accepted, receipt.duplicates) == (19_999, 0)
    assert [rejection.index for rejection in receipt.rejected] == [12_345]
    assert rows("SELECT count(*) FROM reading_raw") == [(19_999,)]


async def test_every_bad_element_is_told_however_many_there_are(ingest, integration):
    sent = body(*[17] * 1_500, reading(), *["x"] * 500)

    receipt = await ingest.readings(sent, sender=integration, now=NOW)

    assert receipt.accepted == 1
    assert [one.index for one in receipt.rejected] == [*range(1_500), *range(1_501, 2_001)]


async def test_a_location_becomes_the_panels_place(ingest, integration, rows):
    await ingest.readings(body(reading(location=[48.1, 11.6])), sender=integration, now=NOW)
    await ingest.readings(body(reading(timestamp=1780314000)), sender=integration, now=NOW)

    assert rows("SELECT latitude, longitude FROM panel") == [(48.1, 11.6)]


async def test_a_panel_of_which_nothing_is_stored_is_not_registered(ingest, integration, rows):
    sent = body(
        reading(location=[48.1, 11.6]),
        reading(panel_id="PANEL-002", temperature_celsius=400, location=[48.1, 11.6]),
    )

    receipt = await ingest.readings(sent, sender=integration, now=NOW)

    assert [rejection.index for rejection in receipt.rejected] == [1]
    assert rows("SELECT panel, latitude FROM panel") == [("PANEL-001", 48.1)]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[]",
        b'{"readings": 3}',
        b'{"readings": null}',
        b'{"readings": [',
        b'{"others": []}',
        b"[" * 100_000,
        b'{"readings": ' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
async def test_what_is_no_list_of_readings_is_bad(ingest, integration, bad):
    with pytest.raises(BadBodyError):
        await ingest.readings(bad, sender=integration, now=NOW)


async def test_an_empty_list_is_answered_with_nothing(ingest, integration):
    receipt = await ingest.readings(b'{"readings": [ ]}', sender=integration, now=NOW)

    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (0, 0, [])


async def test_posted_values_outside_the_default_limits_are_rejected(ingest, integration, rows):
    receipt = await ingest.readings(body(reading(voltage_volts=200)), sender=integration, now=NOW)

    [rejection] = receipt.rejected
    assert rejection.reason == "voltage_volts is 200, possible is -1 to 150"
    assert rows("SELECT count(*) FROM reading_raw") == [(0,)]
