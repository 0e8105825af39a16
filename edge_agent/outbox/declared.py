"""Declared losses: whatever is given up is told to the collector, by the same transaction."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID, uuid4

import msgspec

from edge_agent.outbox.rows import add
from edge_agent.outbox.totals import Change
from edge_agent.sealed import Key, Sealed, seal
from shared.losses import Loss, LossReason, losses_table
from shared.segments import Segment

_AT_ONCE: Final = 10_000


class Gone(Protocol):
    """A segment, or a range of flushes, of which something will not arrive."""

    @property
    def key(self) -> Key:
        """Its stream and its first flush."""

    @property
    def last_seq(self) -> int:
        """Its last flush, inclusive."""

    @property
    def from_us(self) -> int:
        """The earliest time of a row, microseconds since 1970-01-01 UTC; 0 without any."""

    @property
    def to_us(self) -> int:
        """The latest."""


class Declarer:
    """Puts declared losses among the segments, under a stream of its own.

    Its numbers have no gaps: one that was not committed is used again.
    """

    def __init__(self) -> None:
        self.stream: Final[UUID] = uuid4()
        """The stream its segments are of."""
        self._next_seq = 0

    async def declare(
        self,
        change: Change,
        *,
        losses: Sequence[Loss],
        now_us: int,
        carried: Sequence[Loss] = (),
    ) -> int:
        """Declare losses in a transaction, and count them in its totals.

        Args:
            change: The transaction that gives up what is lost.
            losses: What that is.
            now_us: When, microseconds since 1970-01-01 UTC.
            carried: Losses counted before, whose declaration is among what is given up.

        Returns:
            How many segments were added; `committed` wants to know when they are safe.
        """
        whole = coalesced([*losses, *carried])
        segments = declarations(whole, stream=self.stream, first_seq=self._next_seq)
        await add(change, segments=segments, now_us=now_us)
        change.totals.count_lost(losses)
        return len(segments)

    def committed(self, segments: int) -> None:
        """Go on behind the segments of a transaction that is safe."""
        self._next_seq += segments


def declarations(losses: Sequence[Loss], *, stream: UUID, first_seq: int = 0) -> list[Sealed]:
    """Return the segments that declare losses, under a stream, numbered from ``first_seq``."""
    parts = [losses[at : at + _AT_ONCE] for at in range(0, len(losses), _AT_ONCE)]
    return [
        seal(Segment(stream, seq, seq, {"losses": losses_table(part)}))
        for seq, part in enumerate(parts, first_seq)
    ]


def loss_of(
    one: Gone, *, rows: int | None, reason: LossReason, now_us: int, came_us: int | None = None
) -> Loss:
    """Return the loss of a segment's rows.

    Args:
        one: The segment.
        rows: How many rows are lost; None if that is not known.
        reason: Why.
        now_us: When they were given up, microseconds since 1970-01-01 UTC.
        came_us: When the segment came, which counts if its rows have no time; None means now.
    """
    moment = now_us if came_us is None else came_us
    from_us, to_us = (one.from_us, one.to_us) if one.to_us else (moment, moment)
    return Loss(
        stream=one.key.stream,
        first_seq=one.key.first_seq,
        last_seq=one.last_seq,
        rows=rows,
        from_us=from_us,
        to_us=to_us,
        reason=reason,
        declared_us=now_us,
    )


def coalesced(losses: Sequence[Loss]) -> list[Loss]:
    """Return losses with those that continue each other, for the same reason, as one."""
    whole: list[Loss] = []
    for loss in sorted(losses, key=lambda one: (one.stream, one.reason, one.first_seq)):
        if whole and _continues(loss, whole[-1]):
            whole[-1] = _both(whole[-1], loss)
        else:
            whole.append(loss)
    return whole


def _continues(loss: Loss, before: Loss) -> bool:
    same = (loss.stream, loss.reason) == (before.stream, before.reason)
    alike = (loss.rows is None) == (before.rows is None)  # else a number that is known were gone
    return same and alike and loss.first_seq == before.last_seq + 1


def _both(first: Loss, second: Loss) -> Loss:
    return msgspec.structs.replace(
        first,
        last_seq=second.last_seq,
        rows=None if first.rows is None else first.rows + (second.rows or 0),
        from_us=min(first.from_us, second.from_us),
        to_us=max(first.to_us, second.to_us),
        declared_us=max(first.declared_us, second.declared_us),
    )
