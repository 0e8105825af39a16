"""Messages are what both programs read, digit by digit."""

import re
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from models.simulator.faults import Fault
from models.simulator.messages import (
    array_messages,
    encode,
    meter_messages,
    payloads,
    single_messages,
    weather_messages,
)
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.messages import PANEL_ID, ReadingMessage, parse_payload, to_readings
from shared.readings import COLUMNS

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def simulation(module, noon):
    faults = [Fault("duplicates", "PANEL-002", noon)]
    return Simulation(Site(panel_prefix="roof.", panels=3), faults=faults, module=module)


@pytest.fixture
def plain(module):
    return Simulation(Site(panels=3), module=module)


def test_a_reading_survives_the_way_through_its_message(plain, noon):
    readings = plain.panels(noon, seconds=20)
    parsed = [parse_payload(text.encode())[0] for text in encode(readings)]
    assert all(isinstance(message, ReadingMessage) for message in parsed)
    count = len(readings)
    decoded = to_readings(
        parsed, topic_panels=[None] * count, arrivals=[0.0] * count, now=noon + timedelta(minutes=1)
    )
    assert not decoded.malformed
    for name in COLUMNS[1:]:
        assert getattr(decoded.readings, name).tolist() == getattr(readings, name).tolist()
    ids = [readings.panel_ids[number] for number in readings.panel.tolist()]
    assert [decoded.readings.panel_ids[n] for n in decoded.readings.panel.tolist()] == ids


def test_a_message_has_the_fields_and_the_topic_of_the_contract(simulation, noon):
    topic, payload = next(payloads(simulation, start=noon, seconds=1))
    reading = msgspec.json.decode(payload)
    assert list(reading) == [
        "panel_id",
        "timestamp",
        "temperature_celsius",
        "voltage_volts",
        "current_amperes",
        "power_output_watts",
        "location",
    ]
    assert STAMP.fullmatch(reading["timestamp"])
    assert topic == f"sensors/{reading['panel_id']}/readings"
    assert reading["panel_id"].startswith("roof.PANEL-00")
    latitude, longitude = reading["location"]
    assert (latitude, longitude) == pytest.approx((47.4, 8.5), abs=0.001)


def test_ids_are_ids(simulation):
    assert all(PANEL_ID.fullmatch(panel_id) for panel_id in simulation.site.panel_ids)
    assert Site(panels=1200).panel_ids[-1] == "PANEL-1200"


def test_arrays_hold_the_same_readings_panel_by_panel(simulation, noon):
    (block,) = simulation.telemetry(noon, seconds=25)
    arrays = list(array_messages(block, locations={}, lines=[], size=10))
    single = list(single_messages(block, locations={}, lines=[]))
    texts = [text for message in arrays for text in msgspec.json.decode(message.payload)]
    alone = [msgspec.json.decode(message.payload) for message in single]
    assert sorted(map(str, texts)) == sorted(map(str, alone))
    assert all(message.values <= 10 for message in arrays)
    assert sum(message.values for message in arrays) == len(single) > 75
    assert sum(m.repeats for m in arrays) == sum(m.repeats for m in single) == len(single) - 75
    for message in arrays:
        panels = {text["panel_id"] for text in msgspec.json.decode(message.payload)}
        assert panels == {message.panel_id}


def test_weather_and_meter_have_their_topics_and_fields(plain, noon):
    weather = plain.weather(noon, seconds=40, interval=10)
    (array,) = weather_messages(weather, size=100)
    assert array.topic == "site/weather"
    values = msgspec.json.decode(array.payload)
    assert len(values) == array.values == 4
    assert set(values[0]) == {"timestamp", "irradiance_w_m2", "ambient_celsius", "wind_m_s"}
    first, *_ = meter_messages(plain.meter.series(weather.time_s), size=1)
    assert first.topic == "site/meter"
    value = msgspec.json.decode(first.payload)
    assert set(value) == {"timestamp", "load_watts", "grid_watts", "battery_watts", "battery_soc"}
    assert STAMP.fullmatch(value["timestamp"])
    assert 0 <= value["battery_soc"] <= 1
    assert np.isfinite(value["grid_watts"])
