"""Entries of the quarantine: one a message, however much of it was wrong."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from edge_agent.intake import Message

KEPT_BYTES: Final = 65_536
"""How much of a payload is kept; the rest is cut off and the entry says so."""

REJECTED_TOPIC: Final = "table "
"""How the topic of rows the collector rejected begins; the name of their table follows."""

_REASONS: Final = 5
_TOPIC_LENGTH: Final = 512
_REASON_LENGTH: Final = 1_000

Tier = Literal["malformed", "impossible", "rejected"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not stored, kept so that a person can look at it."""

    tier: Tier
    """``malformed``, ``impossible``, or ``rejected`` by the collector."""
    reason: str
    """What is wrong: the field, the value and what is allowed."""
    topic: str
    """Where it was published; the table, if the collector rejected it."""
    payload: bytes
    """As it came, at most `KEPT_BYTES`."""
    payload_bytes: int
    """How long it really was."""
    readings: int
    """How many readings of it were wrong."""
    received_us: int
    """When it came, microseconds since 1970-01-01 UTC."""


class Faults:
    """Collects what is wrong with the messages of one batch."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._found: dict[int, list[tuple[str, Tier]]] = {}

    def add(self, at: int, *, reason: str, tier: Tier) -> None:
        """Note that something in the message at position ``at`` is wrong."""
        self._found.setdefault(at, []).append((reason, tier))

    def entries(self) -> list[Entry]:
        """Return one entry for each message with a fault, in their order."""
        return [_entry(self._messages[at], faults=self._found[at]) for at in sorted(self._found)]


def _entry(message: Message, *, faults: Sequence[tuple[str, Tier]]) -> Entry:
    distinct = list(dict.fromkeys(reason for reason, _ in faults))
    more = f"; and {len(distinct) - _REASONS} more" if len(distinct) > _REASONS else ""
    return Entry(
        tier="malformed" if any(tier == "malformed" for _, tier in faults) else "impossible",
        reason=("; ".join(distinct[:_REASONS]) + more)[:_REASON_LENGTH],
        topic=message.topic[:_TOPIC_LENGTH],
        payload=message.payload[:KEPT_BYTES],
        payload_bytes=len(message.payload),
        readings=len(faults),
        received_us=round(message.received_at * 1e6),
    )
