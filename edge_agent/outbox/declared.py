"""Declared losses: whatever is given up is told to the collector, by the same transaction."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

import msgspec

from edge_agent.outbox.shelf import insert
from edge_agent.outbox.totals import Change
from edge_agent.sealed import seal
from shared.losses import Loss, losses_table
from shared.segments import Segment

_AT_ONCE: Final = 10_000


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
        parts = [whole[at : at + _AT_ONCE] for at in range(0, len(whole), _AT_ONCE)]
        segments = [
            seal(Segment(self.stream, seq, seq, {"losses": losses_table(part)}))
            for seq, part in enumerate(parts, self._next_seq)
        ]
        await insert(change.transaction, segments=segments, now_us=now_us)
        for one in segments:
            change.totals.urgent.add(1, one.rows, one.readings, len(one.body))
        change.totals.count_lost(losses)
        return len(segments)

    def committed(self, segments: int) -> None:
        """Go on behind the segments of a transaction that is safe."""
        self._next_seq += segments


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
    return same and loss.first_seq == before.last_seq + 1


def _both(first: Loss, second: Loss) -> Loss:
    known = first.rows is not None and second.rows is not None
    return msgspec.structs.replace(
        first,
        last_seq=second.last_seq,
        rows=(first.rows or 0) + (second.rows or 0) if known else None,
        from_us=min(first.from_us, second.from_us),
        to_us=max(first.to_us, second.to_us),
        declared_us=max(first.declared_us, second.declared_us),
    )
