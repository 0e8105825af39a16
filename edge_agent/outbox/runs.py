"""The runs of the agent that have used an outbox file, and of which it still holds something.

The collector learns from it which flushes of an earlier run are still to come, and which never
were safe: those the broker has sent again.
"""

import asyncio
import contextlib
from typing import Final, NoReturn
from uuid import UUID, uuid4

import msgspec

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.shelf import Shelf
from edge_agent.outbox.sqlite import stream_of
from edge_agent.outbox.state import RUNS, State

_PREVIOUS: Final = 8
_LOOKED_AT: Final = 1_000
_TOLD: Final = 32
_LOOK_SECONDS: Final = 10.0
_URGENT: Final = "SELECT EXISTS (SELECT 1 FROM segment WHERE kind = 0)"
_STREAMS: Final = (
    "SELECT stream FROM segment WHERE stream <> ?1 "
    f"UNION SELECT stream FROM set_aside WHERE stream <> ?1 LIMIT {_TOLD + 1}"
)


class _Kept(msgspec.Struct, frozen=True):
    file: UUID
    run: int
    streams: list[UUID]


class OutboxRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the collector is told of an outbox file."""

    file: UUID
    """Made with the file; one that takes the place of a damaged or lost one has another."""
    run: int
    """How many runs have used it, this one included."""
    previous: list[UUID]
    """The streams of the last runs before this one, the latest first."""
    streams: list[UUID] | None = None
    """Other streams of which it holds anything; None if that is not known, or they are many."""


class Runs:
    """Counts the runs of an outbox file, and looks which streams it holds something of.

    Args:
        file: The outbox file.
        shelf: What is in it.
    """

    def __init__(self, file: OutboxFile, *, shelf: Shelf) -> None:
        self._file = file
        self._shelf = shelf
        self._state = State(file)
        self._stream = b""
        self.told: OutboxRun | None = None
        """What is known; None before `begin`, and where a full disk took no note of this run."""

    async def begin(self, stream: UUID) -> None:
        """Note that a run begins.

        Args:
            stream: The stream of its segments.
        """
        self._stream = stream.bytes
        before = await self._kept()
        run, previous = before.run + 1, before.streams[:_PREVIOUS]
        now = _Kept(before.file, run, [stream, *previous])
        with contextlib.suppress(OutboxFullError):
            await self._state.remember(RUNS, value=msgspec.json.encode(now))
            self.told = OutboxRun(file=before.file, run=run, previous=previous)
        await self.look()

    async def watch(self) -> NoReturn:
        """Look again and again, for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look which streams there are, unless it is known that there are no others.

        What is known stays safe to tell meanwhile: a run adds to no stream but its own. A large
        backlog is not looked through; nothing is told of it until it is smaller.
        """
        if self.told is None or self.told.streams == []:
            return
        with contextlib.suppress(OutboxFullError):
            self.told = msgspec.structs.replace(self.told, streams=await self._others())

    def look_anew(self) -> None:
        """Forget which streams there are: another program has changed the file."""
        if self.told is not None:
            self.told = msgspec.structs.replace(self.told, streams=None)

    async def _others(self) -> list[UUID] | None:
        shelf = self._shelf
        if shelf.stock.segments + shelf.set_aside_segments > _LOOKED_AT:
            return None
        async with self._file.transaction(reading=True) as transaction:
            # A loss that is not declared yet would be taken for what never was safe.
            if (await transaction.read(_URGENT))[0][0]:
                return None
            found = await transaction.read(_STREAMS, (self._stream,))
        return [stream_of(one) for (one,) in found] if len(found) <= _TOLD else None

    async def _kept(self) -> _Kept:
        try:
            return msgspec.json.decode(await self._state.recall(RUNS) or b"", type=_Kept)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return _Kept(uuid4(), 0, [])
