"""Messages a person wants judged again: they stay until what they became is safe."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from edge_agent.intake import Message
from edge_agent.outbox.file import OutboxFile

_AT_ONCE: Final = 100
_NEXT: Final = "SELECT id, topic, payload, received_us FROM replay ORDER BY id LIMIT ?"
_DELETE: Final = "DELETE FROM replay WHERE id = ?"


class Replayed(NamedTuple):
    """A message to be judged again."""

    id: int
    """Its place in the file."""
    message: Message
    """As it came at first."""


class Replays:
    """The messages to be judged again."""

    def __init__(self, file: OutboxFile) -> None:
        self._file = file

    async def next(self) -> list[Replayed]:
        """Return some of them, the earliest first."""
        return [
            Replayed(id_, Message(topic, bytes(payload), received_us / 1e6))
            for id_, topic, payload, received_us in await self._file.read(_NEXT, (_AT_ONCE,))
        ]

    async def done(self, replayed: Sequence[Replayed]) -> None:
        """Forget messages: what they became is safe.

        Raises:
            OutboxFullError: The disk is so full that not even this could be noted.
        """
        await self._file.write((_DELETE, [(one.id,) for one in replayed]))
