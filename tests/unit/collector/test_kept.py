"""What is kept for a moment."""

from datetime import UTC, datetime, timedelta

import pytest

from collector import kept
from collector.kept import KEPT_FOR, Kept

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_value_is_known_until_its_time_is_over():
    values = Kept[str, int]()
    assert values.get("a", now=NOW) is None
    values.put("a", 1, now=NOW)
    assert values.get("a", now=NOW + KEPT_FOR - timedelta(microseconds=1)) == 1
    assert values.get("a", now=NOW + KEPT_FOR) is None


def test_looking_does_not_lengthen_the_time_but_finding_again_does():
    values = Kept[str, int]()
    values.put("a", 1, now=NOW)
    later = NOW + KEPT_FOR
    values.put("a", 2, now=later)
    assert values.get("a", now=later + KEPT_FOR / 2) == 2
    assert values.get("a", now=later + KEPT_FOR) is None


def test_the_oldest_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "MOST", 2)
    values = Kept[str, int]()
    for number, name in enumerate("abac"):
        values.put(name, number, now=NOW)
    assert [values.get(name, now=NOW) for name in "abc"] == [2, None, 3]
