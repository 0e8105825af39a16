"""Receipts are matched by their place: a segment nobody could decode has no name in its own."""

import json
from uuid import UUID

import pytest

from edge_agent.errors import CollectorAwayError
from edge_agent.receipts import matched, receipt_of
from edge_agent.sealed import Key, Kind, Sealed

STREAM = UUID(int=7)


def sealed(seq):
    return Sealed(Key(STREAM, seq), seq, Kind.BULK, 1, 1, 0, 0, b"x")


def stored(seq, *, stream=str(STREAM), status="stored"):
    return {"stream": stream, "first_seq": seq, "last_seq": seq, "status": status}


def receipt(*segments):
    return receipt_of(json.dumps({"segments": segments}).encode())


def test_a_segment_that_was_not_decoded_is_refused_by_its_place():
    nameless = {"stream": "", "first_seq": 0, "last_seq": 0, "status": "refused", "reason": "no"}
    pairs = matched([sealed(4), sealed(5), sealed(6)], receipt(stored(4), nameless, stored(6)))
    assert [(one.key.first_seq, said.status) for one, said in pairs] == [
        (4, "stored"),
        (5, "refused"),
        (6, "stored"),
    ]


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ([stored(4)], "for 1 segments, not 2"),
        ([stored(5), stored(4)], "00000007/5-5 where .*00000007/4-4 was sent"),
        ([stored(4), stored(5, stream=str(UUID(int=8)))], "00000008/5-5 where"),
        ([stored(4), stored(0, stream="")], "/0-0 where"),
        ([stored(4), stored(5) | {"last_seq": 6}], "5-6 where"),
    ],
    ids=["too few", "swapped", "another stream", "stored without a name", "another range"],
)
def test_a_receipt_that_is_not_ours_settles_nothing(segments, reason):
    with pytest.raises(CollectorAwayError, match=reason):
        matched([sealed(4), sealed(5)], receipt(*segments))


def test_what_a_receipt_asks_for_again_is_read():
    document = {
        "segments": [],
        "resend": [{"request": 3, "from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z"}],
    }
    [one] = receipt_of(json.dumps(document).encode()).resend
    assert (one.request, (one.end - one.start).days) == (3, 1)
