"""Gathers messages into batches: a batch ends by time or by size, and settles as a whole."""

import asyncio
from typing import Final, NamedTuple

MAX_UNACKNOWLEDGED: Final = 20_000
"""Messages of QoS 0 kept waiting at most; the broker's window bounds all others."""

MAX_UNACKNOWLEDGED_BYTES: Final = 16_777_216
"""Bytes that may wait for a flush before further messages of QoS 0 are dropped."""


class Message(NamedTuple):
    """One MQTT message as it came."""

    topic: str
    """Where it was published."""
    payload: bytes
    """What was published, not yet looked at."""
    received_at: float
    """Epoch seconds at which it came."""


class Batch:
    """Messages that become safe, and are acknowledged, together."""

    __slots__ = ("messages", "settled", "size_bytes")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        """In the order they came."""
        self.size_bytes = 0
        """Of all payloads."""
        self.settled = asyncio.Event()
        """Set when all of it is safe; only then may any of it be acknowledged."""


class Intake:
    """Where messages wait for the next flush."""

    def __init__(self, *, max_messages: int, max_bytes: int = 4_194_304) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._batch = Batch()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._closed = False
        self.received = 0
        """Messages taken since the start."""
        self.dropped = 0
        """Messages of QoS 0 that came while there was no room, or after closing."""

    def take(self, message: Message, acknowledged: bool) -> asyncio.Event:  # noqa: FBT001 - called once a message: keywords cost
        """Add a message to the current batch.

        Args:
            message: What came.
            acknowledged: Whether the broker keeps it until told (QoS 1 or 2).

        Returns:
            What is set once the message is safe; never, after `close`.
        """
        batch = self._batch
        if self._closed or (not acknowledged and not _has_room(batch, message)):
            self.dropped += not acknowledged
            return asyncio.Event()
        batch.messages.append(message)
        batch.size_bytes += len(message.payload)
        self.received += 1
        if len(batch.messages) == 1:
            self._some.set()
        if len(batch.messages) >= self._max_messages or batch.size_bytes >= self._max_bytes:
            self._enough.set()
        return batch.settled

    def close(self) -> None:
        """Take nothing more; what is there can still be had by `next`."""
        self._closed = True
        self._some.set()
        self._enough.set()

    def hurry(self) -> None:
        """End the batch that gathers: what it was waiting for has changed."""
        if self._batch.messages:
            self._enough.set()

    async def next(self, *, linger: float, patience: float) -> Batch | None:
        """Wait for a batch.

        Args:
            linger: Seconds a batch gathers from its first message on, unless it is full before.
            patience: Seconds to wait for a first message.

        Returns:
            The batch, empty if ``patience`` ran out; None when closed and all is handed out.
        """
        if await _within(self._some, seconds=patience):
            await _within(self._enough, seconds=linger)
        batch = self._batch
        if self._closed:
            self._batch = Batch()
            return batch if batch.messages else None
        if not batch.messages:
            return Batch()
        self._batch = Batch()
        self._some.clear()
        self._enough.clear()
        return batch


def _has_room(batch: Batch, message: Message) -> bool:
    """Tell whether a message nobody keeps for us fits; one alone always does."""
    size_bytes = batch.size_bytes + len(message.payload)
    return not batch.messages or (
        len(batch.messages) < MAX_UNACKNOWLEDGED and size_bytes <= MAX_UNACKNOWLEDGED_BYTES
    )


async def _within(event: asyncio.Event, *, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
