"""The collector's receipts: what became of each segment that was sent."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from edge_agent.errors import CollectorAwayError
from edge_agent.sealed import Key, Sealed


class Rejection(msgspec.Struct, frozen=True):
    """One row the collector did not store."""

    index: int
    """Its position in the table."""
    reason: str
    """Why, for a person."""
    table: str = "readings"
    """The table of the segment."""


class SegmentReceipt(msgspec.Struct, frozen=True):
    """What became of one segment."""

    stream: UUID
    """Which segment,"""
    first_seq: int
    """from which flush,"""
    last_seq: int
    """to which, inclusive."""
    status: Literal["stored", "duplicate", "refused"]
    """Refused means that sending it again is no use."""
    rejected: list[Rejection] = msgspec.field(default_factory=list)
    """Rows of it that were not stored."""
    reason: str | None = None
    """Why it was refused."""


class Receipt(msgspec.Struct, frozen=True):
    """The collector's answer; there is one only after its database committed."""

    segments: list[SegmentReceipt]
    """One for each segment sent."""


def matched(segments: Sequence[Sealed], receipt: Receipt) -> list[tuple[Sealed, SegmentReceipt]]:
    """Return each segment with its receipt.

    Raises:
        CollectorAwayError: There is not one for each.
    """
    receipts = {Key(one.stream, one.first_seq): one for one in receipt.segments}
    missing = [one for one in segments if one.key not in receipts]
    if missing:
        raise CollectorAwayError(f"its receipt leaves out {len(missing)} of {len(segments)}")
    return [(one, receipts[one.key]) for one in segments]


def receipt_of(content: bytes) -> Receipt:
    """Decode a receipt.

    Raises:
        CollectorAwayError: It is none; whatever answers there is no collector.
    """
    try:
        return msgspec.json.decode(content, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CollectorAwayError(f"what answers there gives no receipt: {error}") from error


def refused(sealed: Sealed, *, reason: str) -> SegmentReceipt:
    """Return the receipt of a segment that was refused without one of its own."""
    stream, first_seq = sealed.key
    return SegmentReceipt(stream, first_seq, sealed.last_seq, "refused", reason=reason)
