"""The collector's receipts: what became of each segment that was sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge_agent.errors import CollectorAwayError
from edge_agent.sealed import Sealed


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

    stream: str
    """Which segment, a UUID; empty if the collector could not read even that,"""
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


class ResendRequest(msgspec.Struct, frozen=True):
    """A time range the collector asks for again, until our health report has answered."""

    request: int
    """Its number."""
    start: Annotated[datetime, Meta(tz=True)] = msgspec.field(name="from")
    """The first time."""
    end: Annotated[datetime, Meta(tz=True)] = msgspec.field(name="to")
    """The time after the last."""


class Receipt(msgspec.Struct, frozen=True):
    """The collector's answer; there is one only after its database committed."""

    segments: list[SegmentReceipt]
    """One for each segment sent, in their order."""
    resend: list[ResendRequest] = msgspec.field(default_factory=list)
    """What it asks for again."""


def matched(segments: Sequence[Sealed], receipt: Receipt) -> list[tuple[Sealed, SegmentReceipt]]:
    """Return each segment with the receipt at its place: a refused one may name no segment.

    Raises:
        CollectorAwayError: There is not one for each, or one is another segment's.
    """
    answered = len(receipt.segments)
    if answered != len(segments):
        raise CollectorAwayError(f"its receipt is for {answered} segments, not {len(segments)}")
    pairs = list(zip(segments, receipt.segments, strict=True))
    for sealed, one in pairs:
        if not _is_for(one, sealed=sealed):
            raise CollectorAwayError(
                f"its receipt is for segment {one.stream}/{one.first_seq}-{one.last_seq} where "
                f"{sealed.key.stream}/{sealed.key.first_seq}-{sealed.last_seq} was sent"
            )
    return pairs


def _is_for(receipt: SegmentReceipt, *, sealed: Sealed) -> bool:
    if not receipt.stream:
        return receipt.status == "refused"
    named = (receipt.stream.lower(), receipt.first_seq, receipt.last_seq)
    return named == (str(sealed.key.stream), sealed.key.first_seq, sealed.last_seq)


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
    return SegmentReceipt(str(stream), first_seq, sealed.last_seq, "refused", reason=reason)
