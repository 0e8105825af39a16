"""Acknowledgements in the order in which messages came, as MQTT asks for.

What came later may be safe earlier, for several uploads are on their way at once. A broker may take
an acknowledgement out of order for an error and disconnect: rumqttd does.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import NoReturn


@dataclass(slots=True, eq=False)
class _Group:
    """Messages in a row that become safe together."""

    settled: asyncio.Event
    """Set once they are safe."""
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    """What each of them waits for."""

    def release(self) -> None:
        """Let all go on, in order."""
        for one in self.waiting:
            if not one.done():
                one.set_result(None)


class Turns:
    """Lets each message wait until it and all before it are safe."""

    def __init__(self) -> None:
        self._groups: deque[_Group] = deque()
        self._some = asyncio.Event()

    async def wait(self, settled: asyncio.Event | None) -> None:
        """Return when it is a message's turn to be acknowledged; called as messages come.

        Args:
            settled: Set once it is safe, the same for messages in a row that become safe together;
                None if it need not become safe.
        """
        last = self._groups[-1] if self._groups else None
        if last is None or settled not in {None, last.settled}:
            last = _Group(settled or _set())
            self._groups.append(last)
            self._some.set()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        last.waiting.append(turn)
        await turn

    async def run(self) -> NoReturn:
        """Let messages go on, for ever."""
        while True:
            await self._some.wait()
            while self._groups:
                await self._groups[0].settled.wait()
                self._groups.popleft().release()
            self._some.clear()

    def end(self) -> None:
        """Let nobody wait any more."""
        for group in self._groups:
            group.release()


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event
