"""Requests of the collector for a time range it wants again, and our answers to them."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)

PutFirst = Callable[[int, int], Awaitable[tuple[int, int]]]
"""Puts what is held from a time to another, in microseconds, first in line.

It returns how many segments, and how many rows in them, that are.
"""


class Request(Protocol):
    """A time range the collector asks for again."""

    @property
    def request(self) -> int:
        """Its number."""

    @property
    def start(self) -> datetime:
        """The first time."""

    @property
    def end(self) -> datetime:
        """The time after the last."""


class Resends:
    """Does what is asked for once, and answers for as long as it is asked.

    Not every receipt repeats what is asked for: an answer stays until a report has carried it.
    """

    def __init__(self, put_first: PutFirst) -> None:
        self._put_first = put_first
        self._held: dict[int, tuple[int, int]] = {}
        self._reported: set[int] = set()

    @property
    def unreported(self) -> bool:
        """Whether an answer waits for a report."""
        return not self._held.keys() <= self._reported

    def report(self) -> list[dict[str, Any]]:
        """Return the answers for a health report: segments and rows are 0 if nothing is held."""
        self._reported |= self._held.keys()
        return [
            {"request": request, "segments": segments, "rows": rows}
            for request, (segments, rows) in self._held.items()
        ]

    async def heed(self, requests: Sequence[Request]) -> None:
        """Do what a receipt asks for, and forget the answers it asks for no longer.

        Raises:
            OutboxFullError: There is no room for it now; it will be asked again.
        """
        for answered in self._reported - {one.request for one in requests}:
            self._held.pop(answered, None)
            self._reported.discard(answered)
        for one in requests:
            if one.request not in self._held:
                span = _micros(one.start), _micros(one.end)
                segments, rows = await self._put_first(*span)
                self._held[one.request] = segments, rows
                _log.info("the collector asks for %s to %s again: %d segments of %d rows are held",
                          one.start, one.end, segments, rows)  # fmt: skip


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
