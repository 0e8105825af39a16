"""The writer: many requests' rows become one COPY and one COMMIT.

Rows, ledger entries and everything beside them are one transaction; who waits is answered after it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Final

from collector.batch import Outcome, Part
from collector.database.engine import Database
from collector.database.transaction import Transaction
from collector.errors import DatabaseAwayError, DatabaseError

MAX_GROUP_READINGS: Final = 200_000
"""How many readings share a commit; one larger request still is one."""
MAX_WAITING_READINGS: Final = 3_000_000
"""How many readings may wait in memory before senders are told to come again."""
COMMIT_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 90.0


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A request in the queue."""

    parts: Sequence[Part]
    readings: int
    now: datetime
    answer: "asyncio.Future[list[Outcome]]"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, for the figures."""

    seconds: float
    """From asking for a connection to the answer to COMMIT."""
    requests: int
    """How many requests shared it."""
    readings: int
    """How many readings they brought."""


Stored = Callable[[Sequence[Part], Sequence[Outcome], datetime], None]
"""Takes note of what was committed: parts, what became of each, and the collector's time, UTC."""


def _unobserved(_commit: Commit) -> None:
    """Let a commit pass unseen."""


def _untold(_parts: Sequence[Part], _outcomes: Sequence[Outcome], _now: datetime) -> None:
    """Tell nobody."""


class Writer:
    """Stores parts; `run` has to run, once or several times, for as long as `write` is called."""

    def __init__(
        self,
        database: Database,
        *,
        observe: Callable[[Commit], None] = _unobserved,
        stored: Stored = _untold,
    ) -> None:
        self._database = database
        self._observe = observe
        self._stored = stored
        self._queue: deque[_Waiting] = deque()
        self._waiting_readings = 0
        self._wake = asyncio.Event()
        self._away = False

    async def write(self, parts: Sequence[Part], *, now: datetime) -> list[Outcome]:
        """Store parts and return after COMMIT what became of each.

        Args:
            parts: Those of one request; they are stored together or not at all.
            now: The collector's time, UTC.

        Raises:
            DatabaseAwayError: Nothing is known to be stored; the request may be repeated.
            DatabaseError: The database does not accept these parts; nothing was stored.
        """
        readings = sum(part.readings for part in parts)
        if self._queue and self._waiting_readings + readings > MAX_WAITING_READINGS:
            raise DatabaseAwayError(f"{self._waiting_readings} readings wait for the database")
        waiting = _Waiting(parts, readings, now, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._waiting_readings += readings
        self._wake.set()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await waiting.answer
        except TimeoutError as error:
            raise DatabaseAwayError(f"no commit within {WAIT_SECONDS:g} s") from error

    async def run(self) -> None:
        """Commit what waits, group by group, until cancelled; then whoever waits is told."""
        try:
            while True:
                await self._wake.wait()
                if group := self._next_group():
                    await self._store(group)
                else:
                    self._wake.clear()
        finally:
            _fail(self._queue, error=DatabaseAwayError("the collector is stopping"))

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        readings = 0
        while self._queue and (
            not group or readings + self._queue[0].readings <= MAX_GROUP_READINGS
        ):
            waiting = self._queue.popleft()
            self._waiting_readings -= waiting.readings
            if not waiting.answer.done():
                group.append(waiting)
                readings += waiting.readings
        return group

    async def _store(self, group: list[_Waiting]) -> None:
        """Commit a group and answer it; if the database refuses, find out whose fault it is."""
        try:
            started = perf_counter()
            outcomes = await self._commit(group)
        except DatabaseAwayError as error:
            self._note(away=True, reason=str(error))
            _fail(group, error=error)
        except DatabaseError as error:
            if len(group) == 1:
                _fail(group, error=error)
                return
            for waiting in group:
                await self._store([waiting])
        else:
            self._note(away=False, reason="")
            readings = sum(waiting.readings for waiting in group)
            self._observe(Commit(perf_counter() - started, len(group), readings))
            _answer(group, outcomes=outcomes)
            parts = [part for waiting in group for part in waiting.parts]
            self._stored(parts, outcomes, max(waiting.now for waiting in group))

    async def _commit(self, group: list[_Waiting]) -> list[Outcome]:
        parts = [part for waiting in group for part in waiting.parts]
        now = max(waiting.now for waiting in group)
        try:
            async with (
                asyncio.timeout(COMMIT_SECONDS),
                self._database.begin() as connection,
                connection.cursor() as cursor,
            ):
                return await Transaction(connection, cursor, parts, now).store()
        except TimeoutError as error:
            raise DatabaseAwayError(f"no commit within {COMMIT_SECONDS:g} s") from error

    def _note(self, *, away: bool, reason: str) -> None:
        if away and not self._away:
            _log.warning("cannot write: %s", reason)
        elif self._away and not away:
            _log.warning("writing again")
        self._away = away


def _answer(group: Sequence[_Waiting], *, outcomes: list[Outcome]) -> None:
    remaining = iter(outcomes)
    for waiting in group:
        mine = [next(remaining) for _ in waiting.parts]
        if not waiting.answer.done():
            waiting.answer.set_result(mine)


def _fail(group: Iterable[_Waiting], *, error: DatabaseError) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
