"""What gateways report of themselves, and what they declare lost."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import numpy as np

from collector.batch import Report, ResendAnswer
from collector.checks.rows import EPOCH, timely
from shared.errors import InvalidSegmentError
from shared.losses import Loss, losses_of
from shared.segments import Segment
from shared.tables import Table, Text

MAX_LOSSES: Final = 10_000
"""Declared losses a segment may carry."""
MAX_LOST_ROWS: Final = 10**12
"""Rows one declared loss may be of; sums of many still fit."""
_NUL: Final = b"\\u0000"
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_LATEST_US: Final = (_LATEST - EPOCH) // timedelta(microseconds=1)

_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**63 - 1)]


class _Resent(msgspec.Struct, frozen=True):
    request: _Count
    segments: _Count
    rows: _Count


class _Told(msgspec.Struct, frozen=True):
    """The parts of a report that the collector acts on; agents of before send none of them."""

    stream: UUID | None = None
    next_seq: _Count | None = None
    resends: list[_Resent] = []


_decode_told: Final = msgspec.json.Decoder(_Told).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def check_losses(segment: Segment) -> list[Loss]:
    """Return the declared losses a segment carries.

    Raises:
        InvalidSegmentError: One of them cannot be, or they are too many.
    """
    if (rows := segment.rows("losses")) > MAX_LOSSES:
        raise InvalidSegmentError(f"segment declares {rows} losses, allowed are {MAX_LOSSES}")
    losses = losses_of(segment)
    for loss in losses:
        if not 0 <= loss.from_us <= loss.to_us < _LATEST_US:
            raise InvalidSegmentError(
                f"a declared loss is from_us {loss.from_us} to_us {loss.to_us}, allowed are "
                "times from 1970 to 2200, from_us not after to_us"
            )
        if not 0 <= loss.declared_us < _LATEST_US:
            raise InvalidSegmentError(
                f"a declared loss has declared_us {loss.declared_us}, allowed are times from "
                "1970 to 2200"
            )
        if (loss.rows or 0) > MAX_LOST_ROWS:
            raise InvalidSegmentError(
                f"a declared loss has {loss.rows} rows, allowed are {MAX_LOST_ROWS}"
            )
    return losses


def check_reports(table: Table | None, *, now: datetime) -> Report | None:
    """Return what a segment's reports say together; None when there is none.

    The state is that of the newest report whose time can be. Answers count from all of them: each
    is given once, and reports that waited on disk arrive merged.

    Raises:
        msgspec.MsgspecError: A report is not what it should be.
        ValueError: A report has a text that no database keeps.
    """
    if table is None:
        return None
    times, reports = np.asarray(table["time_us"]), table["report"]
    assert isinstance(reports, Text)  # noqa: S101 - decode() checked it against SCHEMA
    tails: dict[UUID, int] = {}
    answers: dict[int, ResendAnswer] = {}
    for text in reports.values:
        told = _decode_told(text)
        if told.stream is not None and told.next_seq is not None:
            tails[told.stream] = max(told.next_seq, tails.get(told.stream, 0))
        for one in told.resends:
            answers[one.request] = ResendAnswer(one.request, one.segments, one.rows)
    at, state = None, None
    current = np.flatnonzero(timely(times, now=now))
    if len(current):
        newest = current[np.argmax(times[current])]
        at = EPOCH + timedelta(microseconds=int(times[newest]))
        state = without_nul(_decode_object(reports.values[reports.index[newest]]))
    return Report(at=at, state=state, tails=tails, answers=list(answers.values()))


def without_nul(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document that has no NUL character.

    Raises:
        ValueError: It has one, which no database keeps.
    """
    if _NUL in msgspec.json.encode(document):
        raise ValueError("a text has a NUL character, which no database keeps")
    return document
