"""A TCP proxy that does to HTTP requests what bad links and bad servers do."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, Final

CHUNK: Final = 65_536
DELAY_SECONDS: Final = 0.3
"""Each way, on a slow link."""
LOSS: Final = 0.02
"""How often a slow link drops the connection, by pieces."""
BODY_BYTES_BEFORE_RESET: Final = 100


class Trouble(Enum):
    """What the proxy does instead of passing everything on."""

    UNREACHABLE = "unreachable"
    """Nothing listens."""
    SLOW = "slow"
    """600 ms there and back; now and then the connection breaks."""
    RESET = "reset"
    """The connection is reset in the middle of a body."""
    HALF_CLOSED = "half-closed"
    """The request gets through; its answer does not."""
    HTTP_500 = "500"
    """The server fails."""
    HTTP_429 = "429"
    """The server wants it later."""
    HTTP_413 = "413"
    """Something in between wants it smaller."""


_ANSWERS: Final = {
    Trouble.HTTP_500: (
        b"HTTP/1.1 500 X\r\nContent-Type: application/problem+json\r\n",
        b'{"type": "https://heliograph.dev/problems/internal-error", "title": "internal error"}',
    ),
    Trouble.HTTP_429: (b"HTTP/1.1 429 X\r\nRetry-After: 1\r\n", b"later"),
    Trouble.HTTP_413: (b"HTTP/1.1 413 X\r\nContent-Type: text/html\r\n", b"<h1>too large</h1>"),
}


class Proxy:
    """Stands before a port of this machine; `trouble` may be set at any moment."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._trouble: Trouble | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._swallows = False
        self._held: set[asyncio.StreamWriter] = set()
        self.swallowed = threading.Event()
        """Set once what `swallow_next` is about has happened."""
        self.port = 0
        self.passed_bytes = 0
        """What went through, both ways."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """End all connections and listen no more."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def be(self, trouble: Trouble | None) -> None:
        """Do this from now on, to connections that are there as well."""
        self._run(self._be(trouble))

    def swallow_next(self) -> None:
        """Let the next upload go nowhere, and wait for its answer for ever; others pass."""
        self.swallowed.clear()
        self._swallows = True

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        # One accepted at the last moment is served only now.
        while self._tasks:
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.wait(set(self._tasks), timeout=0.05)

    async def _be(self, trouble: Trouble | None) -> None:
        before, self._trouble = self._trouble, trouble
        if trouble is Trouble.UNREACHABLE:
            await self._close()
        elif before is Trouble.UNREACHABLE:
            await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, self._request, back=writer),
                self._pump(far_reader, writer, self._answer, back=far_writer),
            )
        finally:
            self._writers -= {writer, far_writer}
            self._held.discard(writer)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        judge: Callable[[bytes, asyncio.StreamWriter], Coroutine[Any, Any, bytes]],
        *,
        back: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                passed = await judge(data, back)
                self.passed_bytes += len(passed)
                writer.write(passed)
                await writer.drain()
        # A server closes what it hears nothing of; whose upload was swallowed is not to know.
        for each in {writer, back} - self._held:
            each.transport.abort()

    async def _request(self, data: bytes, back: asyncio.StreamWriter) -> bytes:
        """Return what of a piece of a request passes; nothing ends the connection."""
        await self._lag(back)
        if self._swallows and data.startswith(b"POST /api/ingest "):
            self._swallows = False
            self._held.add(back)
            self.swallowed.set()
            await back.wait_closed()
            raise ConnectionResetError
        if self._trouble is Trouble.RESET:
            back.transport.abort()
            return data[: data.find(b"\r\n\r\n") + BODY_BYTES_BEFORE_RESET]
        if self._trouble in _ANSWERS:
            head, body = _ANSWERS[self._trouble]
            length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
            back.write(head + length + body)
            await back.drain()
            back.close()
            raise ConnectionResetError
        return data

    async def _answer(self, data: bytes, back: asyncio.StreamWriter) -> bytes:
        """Return what of a piece of an answer passes."""
        await self._lag(back)
        if self._trouble is Trouble.HALF_CLOSED:
            raise ConnectionResetError
        return data

    async def _lag(self, back: asyncio.StreamWriter) -> None:
        if self._trouble is Trouble.SLOW:
            await asyncio.sleep(DELAY_SECONDS)
            if random.random() < LOSS:
                back.transport.abort()
                raise ConnectionResetError
