from datetime import UTC, datetime
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.alerts import Episode, Severity, alerts_of, alerts_table, from_micros, to_micros
from shared.errors import InvalidSegmentError
from shared.segments import Segment, decode, encode
from shared.tables import Text

STREAM = UUID(int=1)
WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
TIMES = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.just(UTC),
)
EPISODES = st.builds(
    Episode,
    episode=WORDS,
    panel=st.none() | WORDS.filter(bool),
    alert_type=WORDS,
    severity=st.sampled_from(Severity),
    title=WORDS,
    recommendation=WORDS,
    details=st.dictionaries(WORDS, st.none() | st.floats(-1e9, 1e9) | WORDS | st.lists(WORDS)),
    model_version=st.none() | WORDS.filter(bool),
    raised_at=TIMES,
    last_seen_at=TIMES,
    cleared_at=st.none() | TIMES,
)


def segment_of(episodes):
    return Segment(STREAM, 0, 0, {"alerts": alerts_table(episodes)})


@given(st.lists(EPISODES, min_size=1, max_size=5))
def test_episodes_survive_the_way_there_and_back(episodes):
    assert alerts_of(decode(encode(segment_of(episodes)))) == episodes


def test_a_segment_without_alerts_has_none():
    assert alerts_of(Segment(STREAM, 0, 0, {})) == []


def test_severities_are_ranked_from_least_to_most():
    ranks = [Severity(name).rank for name in ("info", "low", "medium", "high", "critical")]
    assert ranks == [0, 1, 2, 3, 4]


def episode() -> Episode:
    moment = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
    return Episode(
        episode="e1",
        panel="PANEL-001",
        alert_type="flatline",
        severity=Severity.MEDIUM,
        title="All values stand still",
        recommendation="Restart it",
        raised_at=moment,
        last_seen_at=moment,
    )


def test_times_keep_their_microseconds():
    moment = episode().raised_at
    assert to_micros(moment) == 1780315200123456
    assert from_micros(to_micros(moment)) == moment


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("severity", "catastrophic"),
        ("details", "not JSON"),
        ("details", "[1]"),
        ("details", '{"a": "\\u0000"}'),
        ("details", '{"a":' * 100_000),
        ("raised_us", 2**62),
        ("last_seen_us", -(2**62)),
        ("cleared_us", 2**63 - 1),
    ],
)
def test_an_alert_that_is_not_valid_makes_the_segment_invalid(column, value):
    table = dict(alerts_table([episode()]))
    table[column] = Text.of([value]) if isinstance(value, str) else np.array([value])
    with pytest.raises(InvalidSegmentError, match="an alert"):
        alerts_of(decode(encode(Segment(STREAM, 0, 0, {"alerts": table}))))


def test_a_backslash_before_a_zero_is_no_nul():
    told = msgspec.structs.replace(episode(), details={"path": r"\\u0000", "other": r"\u0000"})
    assert alerts_of(decode(encode(segment_of([told])))) == [told]


def test_an_episode_is_plain_json_too():
    assert msgspec.json.decode(msgspec.json.encode(episode()), type=Episode) == episode()
