import json
from datetime import UTC, datetime

import pytest

from edge_agent.errors import ConfigError
from edge_agent.intake import Message
from edge_agent.panels import PanelBook, PanelSettings
from edge_agent.validate import Topics, Validator
from shared.quality import Quality

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
GOOD = {
    "timestamp": "2026-06-01T11:59:59Z",
    "temperature_celsius": 25.3,
    "voltage_volts": 48.2,
    "current_amperes": 8.5,
    "power_output_watts": 409.7,
}


@pytest.fixture
def check():
    topics = Topics(
        readings="sensors/{panel_id}/readings", weather="site/weather", meter="site/meter"
    )
    validator = Validator(topics, limits_of=PanelBook(PanelSettings()).limits_of)

    def checked(*published):
        messages = [
            Message(topic, p if isinstance(p, bytes) else json.dumps(p).encode(), NOW.timestamp())
            for topic, p in published
        ]
        return validator.check(messages, now=NOW)

    return checked


def test_the_topic_names_the_panel_where_the_message_does_not(check):
    checked = check(
        ("sensors/P1/readings", GOOD), ("sensors/P1/readings", GOOD | {"panel_id": "X"})
    )
    assert checked.readings.panel_ids == ("P1", "X")
    assert checked.quarantined == []


def test_what_is_wrong_in_an_array_takes_nothing_good_with_it(check):
    array = [GOOD, GOOD | {"temperature_celsius": 500}, GOOD | {"colour": 1}, 5, GOOD]
    checked = check(("sensors/P1/readings", array))
    assert len(checked.readings) == 2
    [entry] = checked.quarantined
    assert (entry.readings, entry.tier, entry.topic) == (3, "malformed", "sensors/P1/readings")
    assert "temperature_celsius is 500, possible is -50 to 120" in entry.reason
    assert "colour" in entry.reason


def test_impossible_and_suspicious_are_told_apart(check):
    checked = check(
        ("sensors/P1/readings", GOOD | {"power_output_watts": 1300}),
        ("sensors/P1/readings", GOOD | {"temperature_celsius": 95}),
    )
    assert [entry.tier for entry in checked.quarantined] == ["impossible"]
    assert checked.readings.quality.tolist() == [Quality.TEMPERATURE]


@pytest.mark.parametrize(
    "payload",
    [b"", b"hello", b"\xff\xfe", b"[" * 100_000, b"null", b'{"a":', b'"\\ud800"', b"1" * 5000],
)
def test_no_payload_raises(check, payload):
    for topic in ("sensors/P1/readings", "site/weather", "site/meter", "elsewhere"):
        [entry] = check((topic, payload)).quarantined
        assert entry.tier == "malformed"
        assert entry.reason


def test_a_long_payload_is_kept_in_part_and_says_so(check):
    [entry] = check(("sensors/P1/readings", b"x" * 1_000_000)).quarantined
    assert entry.payload_bytes == 1_000_000
    assert len(entry.payload) == 65_536


def test_weather_and_meter_are_tables_of_their_own_and_strict_as_well(check):
    checked = check(
        ("site/weather", {"irradiance_w_m2": 800.5, "timestamp": 1780315199}),
        ("site/weather", {"irradiance_w_m2": -500}),
        ("site/weather", {"timestamp": 1780315199}),
        ("site/meter", {"load_watts": -3.5, "battery_soc": 0.25}),
        ("site/meter", {"load_watts": 1, "timestamp": "2030-01-01T00:00:00Z"}),
    )
    assert checked.site["weather"]["irradiance_mw_m2"].tolist() == [800_500]
    assert checked.site["weather"]["time_us"].tolist() == [1_780_315_199_000_000]
    assert checked.site["meter"]["load_mw"].tolist() == [-3500]
    assert checked.site["meter"]["battery_soc_thousandths"].tolist() == [250]
    assert len(checked.quarantined) == 3


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (
            "site/weather",
            {"irradiance_w_m2": "n/a"},
            'irradiance_w_m2 is the text "n/a", expected a number',
        ),
        (
            "site/weather",
            {"irradiance_w_m2": -500},
            "irradiance_w_m2 is -500, expected a number of at least -50",
        ),
        ("site/meter", {"power": 5}, "power is not a known field; allowed are timestamp, load_"),
        ("site/meter", b"", "the message is empty"),
        ("sensors/P1/readings", {"temperature_celsius": 1}, "voltage_volts is missing"),
        (
            "sensors/P1/readings",
            GOOD | {"panel_id": ["x" * 5_000]},
            "panel_id is a list, expected a text",
        ),
    ],
)
def test_a_reason_says_in_words_what_is_wrong_and_what_is_expected(check, topic, payload, reason):
    [entry] = check((topic, payload)).quarantined
    assert reason in entry.reason
    assert "`" not in entry.reason


def test_the_pattern_of_the_readings_topic_may_be_any():
    topics = Topics(readings="roof/+/data", weather="", meter="")
    assert topics.filters == ("roof/+/data",)
    assert topics.kind_of("roof/P1/data")[1] == "P1"
    assert topics.kind_of("elsewhere")[1] is None


@pytest.mark.parametrize("topic", ["sensors/#", "a/{panel_id}/{panel_id}", "a/{other}/b"])
def test_other_wildcards_are_refused(topic):
    with pytest.raises(ConfigError, match=r"mqtt\.readings_topic"):
        Topics(readings=topic, weather="", meter="")
