"""Merging: small neighbours on disk become segments of some minutes, which are smaller in sum.

Every segment is looked at once and written once more, when its run of neighbours is long enough
or can grow no longer; nothing that is being sent is touched.
"""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.headers import Header, bodies, headers, ours
from edge_agent.outbox.joining import joined
from edge_agent.outbox.rows import delete
from edge_agent.outbox.shelf import Shelf
from edge_agent.sealed import Kind, Sealed, seal
from shared.errors import InvalidSegmentError
from shared.segments import decode

MERGED_SECONDS: Final = 300
MERGED_ROWS: Final = 50_000
"""A merged segment has about so much at most; larger ones stay as they are."""

_LOOKED_AT: Final = 256
_MANY_URGENT: Final = 64
_OFFSET_US: Final = 1_000
_REPLACE: Final = (
    "UPDATE segment SET last_seq = ?, rows = ?, readings = ?, from_us = ?, to_us = ?, "
    "checksum = ?, body = ? WHERE id = ?"
)


class Merger:
    """Merges what is on a shelf.

    Args:
        file: Where that is.
        shelf: What to merge.
        max_bytes: About how large a merged segment may be.
    """

    def __init__(self, file: OutboxFile, shelf: Shelf, *, max_bytes: int) -> None:
        self._file = file
        self._shelf = shelf
        self._max_bytes = max_bytes
        self._urgent_left = 0
        self._noted = shelf.totals.merged_through
        self.merged = 0
        """Segments that became part of another since the start."""

    async def step(self) -> bool:
        """Merge one run of neighbours, or look past what cannot be merged.

        Returns:
            Whether there may be more to do now.

        Raises:
            OutboxFullError: There is no room to write what is merged.
        """
        totals = self._shelf.totals
        if totals.merged_through > self._noted + _LOOKED_AT * _LOOKED_AT:
            async with self._shelf.changing():  # a long way: the next start need not go it again
                self._noted = totals.merged_through
        if totals.urgent.segments >= self._urgent_left + _MANY_URGENT:
            await self._urgent()
        found = await headers(
            self._file, condition="kind = 1", after=totals.merged_through, limit=_LOOKED_AT
        )
        run = _run(found, max_bytes=self._max_bytes)
        while len(run) == 1 < len(found):  # nothing to merge it with
            self._shelf.totals.merged_through = run[0].id
            found = found[1:]
            run = _run(found, max_bytes=self._max_bytes)
        if not run or (len(run) == len(found) < _LOOKED_AT and not _is_long(run)):
            return False  # it may still grow
        # Ids above a run that was merged may be given out again. The new value is carried into the
        # file by the next change, whatever that is for.
        merged = len(run) > 1 and await self._merge(run)
        self._shelf.totals.merged_through = run[0].id if merged else run[-1].id
        return True

    async def _urgent(self) -> None:
        """Merge urgent segments, each with what follows it in its stream."""
        found = await headers(self._file, condition="kind = 0", limit=_LOOKED_AT)
        while found:
            run = _run(found, max_bytes=self._max_bytes)
            if len(run) > 1:
                await self._merge(run)
            found = found[len(run) :]
        self._urgent_left = self._shelf.totals.urgent.segments

    async def _merge(self, run: Sequence[Header]) -> bool:
        if any(one.key in self._shelf.in_flight for one in run):
            return False
        parts = await bodies(self._file, found=run)
        whole = await asyncio.to_thread(_joined, run, parts)
        if whole is None:
            return False
        first = run[0]
        async with self._shelf.changing() as change:
            still = await ours(change.transaction, found=run, in_flight=self._shelf.in_flight)
            if len(still) < len(run):
                return False
            await delete(change, ids=[one.id for one in run[1:]])
            change.totals.of(first.kind).add(
                0,
                whole.rows - first.rows,
                whole.readings - first.readings,
                len(whole.body) - first.size_bytes,
            )
            row = (*whole[1:2], *whole[3:7], crc32(whole.body), whole.body, first.id)
            await change.transaction.run(_REPLACE, [row])
        self.merged += len(run) - 1
        return True


def _run(found: Sequence[Header], *, max_bytes: int) -> list[Header]:
    """Return the first of them and those that follow it and may become one with it."""
    run = list(found[:1])
    for one in found[1:]:
        size_bytes = sum(other.size_bytes for other in run) + one.size_bytes
        if size_bytes > max_bytes or not _follows(one, run=run):
            break
        run.append(one)
    return run


def _follows(one: Header, *, run: Sequence[Header]) -> bool:
    first, before = run[0], run[-1]
    same = (one.kind, one.stream, one.thinned, one.boot) == (
        before.kind, before.stream, before.thinned, before.boot,
    )  # fmt: skip
    steady = abs((one.offset_us or 0) - (first.offset_us or 0)) <= _OFFSET_US
    return (
        same
        and steady
        and one.first_seq == before.last_seq + 1
        and sum(other.rows for other in run) + one.rows <= MERGED_ROWS
        and not _is_long(run)
    )


def _is_long(run: Sequence[Header]) -> bool:
    """Tell by what they span; urgent ones are merged because they are many, not by time."""
    seconds = (run[-1].to_us - run[0].from_us) / 1e6
    return run[0].kind == Kind.BULK and seconds >= MERGED_SECONDS


def _joined(run: Sequence[Header], parts: Sequence[bytes | None]) -> Sealed | None:
    """Return a run as one segment; None if one has changed, is damaged, or it were too large."""
    intact = [body for one, body in zip(run, parts, strict=True)
              if body is not None and crc32(body) == one.checksum]  # fmt: skip
    if len(intact) < len(run):
        return None
    try:
        segments = [decode(body) for body in intact]
    except InvalidSegmentError:
        return None
    for before, after in itertools.pairwise(segments):
        if (before.stream, before.last_seq + 1) != (after.stream, after.first_seq):
            return None
    whole = joined(segments)
    return None if whole is None else seal(whole)
