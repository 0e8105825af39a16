"""Declared losses and health reports that cannot be refuse their segment, and say why."""

import json
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from collector.checks.reports import MAX_LOSSES
from collector.checks.segments import check_segment
from shared.errors import InvalidSegmentError
from shared.losses import Loss, LossReason, losses_table
from shared.segments import Segment, decode, encode
from shared.tables import Text

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1e6)
LOSS = {
    "stream": UUID(int=2),
    "first_seq": 0,
    "last_seq": 4,
    "rows": 10,
    "from_us": NOW_US - 10,
    "to_us": NOW_US - 5,
    "reason": LossReason.DAMAGED,
    "declared_us": NOW_US,
}


def check(**tables):
    segment = decode(encode(Segment(UUID(int=1), 0, 0, tables)))
    return check_segment(segment, now=NOW)


def health(*reports, minutes=0):
    first = NOW_US + 60_000_000 * minutes
    return {
        "time_us": np.arange(first, first + len(reports), dtype=np.int64),
        "report": Text.of([one if isinstance(one, str) else json.dumps(one) for one in reports]),
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"first_seq": 5}, "a declared loss is of flushes 5 to 4"),
        ({"rows": -1}, "no negative rows"),
        ({"rows": 10**13}, "a declared loss has 10000000000000 rows, allowed are"),
        ({"from_us": -1}, "a declared loss is from_us -1 to_us"),
        ({"to_us": 2**62}, "allowed are times from 1970 to 2200"),
        ({"from_us": 2, "to_us": 1}, "from_us not after to_us"),
        ({"declared_us": 2**62}, "declared_us 4611686018427387904"),
    ],
)
def test_a_loss_that_cannot_be_is_refused_by_what_is_wrong_with_it(changes, told):
    assert len(check(losses=losses_table([Loss(**LOSS)])).losses) == 1
    with pytest.raises(InvalidSegmentError, match=told):
        check(losses=losses_table([Loss(**LOSS), Loss(**LOSS | changes)]))


def test_an_unknown_reason_is_refused():
    table = losses_table([Loss(**LOSS)]) | {"reason": Text.of(["eaten"])}
    with pytest.raises(InvalidSegmentError, match="Invalid enum value 'eaten'"):
        check(losses=table)


def test_too_many_losses_are_refused():
    table = losses_table([Loss(**LOSS)] * (MAX_LOSSES + 1))
    with pytest.raises(InvalidSegmentError, match="declares 10001 losses, allowed are 10000"):
        check(losses=table)


@pytest.mark.parametrize(
    "report",
    [
        {"resends": 3},
        {"resends": [{"request": 1, "segments": -1, "rows": 0}]},
        {"next_seq": -1, "stream": str(UUID(int=1))},
        {"next_seq": 2**63, "stream": str(UUID(int=1))},
        {"stream": "x"},
        "[]",
        "nonsense",
        '{"a": "\\u0000"}',
    ],
)
def test_a_report_that_cannot_be_is_refused(report):
    with pytest.raises(InvalidSegmentError, match="alerts or health"):
        check(health=health(report))


def test_the_newest_report_is_the_state_and_answers_and_tails_count_from_all():
    stream, other = UUID(int=1), UUID(int=2)
    answer = {"request": 4, "segments": 1, "rows": 9}
    report = check(
        health=health(
            {"stream": str(stream), "next_seq": 9, "resends": [answer]},
            {"stream": str(other), "next_seq": 2, "outbox_rows": 5},
            {"stream": str(stream), "next_seq": 3, "outbox_rows": 6},
        )
    ).report

    assert report.state["outbox_rows"] == 6
    assert report.tails == {stream: 9, other: 2}
    assert [(one.request, one.segments, one.rows) for one in report.answers] == [(4, 1, 9)]


def test_a_report_of_a_wrong_clock_is_no_state_but_its_answers_count():
    answer = {"request": 4, "segments": 0, "rows": 0}
    report = check(health=health({"resends": [answer]}, minutes=100)).report

    assert (report.at, report.state) == (None, None)
    assert [one.request for one in report.answers] == [4]
