"""Who sends, and what a sender is told: one verdict a row, one receipt a segment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose rows a request brings, as its signature or token proved."""

    site_key: int
    """The site all rows belong to."""
    site: str
    """The site's public id."""
    gateway_key: int | None
    """The gateway; None for an integration with a token of role ``ingest``."""


class Rejection(msgspec.Struct, frozen=True):
    """A row that was not stored."""

    index: int
    """Its position: in the posted array, or in the table of its segment."""
    reason: str
    """The field, the value and what is allowed."""
    table: str = "readings"
    """The segment's table."""


class SegmentReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one segment."""

    stream: str
    """The segment's stream, a UUID; empty when it cannot be read."""
    first_seq: int
    """The first flush within."""
    last_seq: int
    """The last flush within, inclusive."""
    status: Literal["stored", "duplicate", "refused"]
    """Stored now, known from before, or not decodable."""
    accepted: int = 0
    """Readings that are new in the database."""
    duplicates: int = 0
    """Readings the database had already."""
    rejected: list[Rejection] = []
    """Rows that were not stored."""
    reason: str | None = None
    """Why it was refused."""


class ResendOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A time range that a gateway is to send again, as far as it still holds it."""

    request: int
    """The request's number, which the gateway repeats in its health report."""
    start: datetime = msgspec.field(name="from")
    """The first time, UTC."""
    end: datetime = msgspec.field(name="to")
    """The time after the last, UTC."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request; it exists only after COMMIT."""

    accepted: int
    """Readings that are new in the database."""
    duplicates: int
    """Readings the database had already."""
    rejected: list[Rejection]
    """Rows that were not stored, those of all segments in order."""
    segments: list[SegmentReceipt]
    """One for each segment, in order; empty for JSON."""
    resend: list[ResendOrder] = []
    """What a gateway is asked to send again; absent when there is nothing."""
