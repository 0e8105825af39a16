"""Failed attempts are bounded by client, and what is remembered is bounded too."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.errors import ProblemError
from collector.throttle import MAX_CLIENTS, Throttle

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_client_waits_for_the_end_of_its_window_after_the_last_attempt_it_has():
    throttle = Throttle(limit=2, window=MINUTE)
    throttle.count("a", now=NOW)
    assert throttle.wait_seconds("a", now=NOW) == 0
    throttle.count("a", now=NOW + timedelta(seconds=20))
    assert throttle.wait_seconds("a", now=NOW + timedelta(seconds=20)) == 41
    assert throttle.wait_seconds("b", now=NOW + timedelta(seconds=20)) == 0
    assert throttle.wait_seconds("a", now=NOW + MINUTE) == 0


def test_a_new_window_begins_with_the_first_attempt_after_the_old_one():
    throttle = Throttle(limit=1, window=MINUTE)
    throttle.count("a", now=NOW)
    throttle.count("a", now=NOW + MINUTE)
    assert throttle.wait_seconds("a", now=NOW + MINUTE) == 61


def test_a_client_that_has_to_wait_is_told_how_long():
    throttle = Throttle(limit=1, window=MINUTE)
    throttle.refuse_if_busy("a", now=NOW)
    throttle.count("a", now=NOW)
    with pytest.raises(ProblemError) as caught:
        throttle.refuse_if_busy("a", now=NOW)
    assert caught.value.status == 429
    assert caught.value.headers == {"Retry-After": "61"}


def test_the_client_that_has_been_quiet_longest_is_forgotten_first():
    throttle = Throttle(limit=1, window=MINUTE)
    for number in range(MAX_CLIENTS + 1):
        throttle.count(str(number), now=NOW)
    assert throttle.wait_seconds("0", now=NOW) == 0
    assert throttle.wait_seconds("1", now=NOW) > 0
