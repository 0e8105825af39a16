"""Answers that are sent as they are made, to clients that take them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, Final

from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Message, Receive, Scope, Send

_log: Final = logging.getLogger(__name__)


class _TakesNothingError(Exception):
    """A client took nothing for too long."""


class PatientStream(ASGIStreamingResponse):
    """A stream that gives up on a client that takes nothing.

    Args:
        iterator: What is streamed; it is closed before what is held is let go of.
        what: What is streamed, for the log.
        seconds: How long a client may take nothing.
        held: What is held until the stream is over, however it ends.
        on_dropped: Called when a client is given up.
        options: Those of Litestar's own.
    """

    def __init__(
        self,
        *,
        iterator: AsyncGenerator[bytes, None],
        what: str,
        seconds: float,
        held: AbstractAsyncContextManager[object] | None = None,
        on_dropped: Callable[[], None] = lambda: None,
        **options: Any,  # noqa: ANN401 - handed on as they are
    ) -> None:
        super().__init__(iterator=iterator, **options)
        self._made = iterator
        self._what = what
        self._seconds = seconds
        self._held = held or nullcontext()
        self._on_dropped = on_dropped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and let go of what is held."""
        async with self._held, aclosing(self._made):
            try:
                await super().__call__(scope, receive, send)
            # Nothing less ends Litestar's waiting until the client is gone, which it is not.
            except* _TakesNothingError:
                self._on_dropped()
                _log.info("dropped a client of the %s: it took nothing for a while", self._what)

    async def _stream(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self._seconds):
                    await send(message)
            except TimeoutError as error:
                raise _TakesNothingError from error

        await super()._stream(in_time)
