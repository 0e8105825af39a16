"""A collector's side of the protocol on the standard library, where the real one is not at hand.

It verifies signatures, keeps a ledger and answers receipts as `POST /api/ingest` does; what it
stores it stores in lists. Tests that use it only need an address and what was stored.
"""

import asyncio
import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.errors import ClockError, HeliographError, InvalidSegmentError
from shared.segments import decode, readings_of, unpack
from shared.signing import claimed_gateway, verify

PROBLEM = "application/problem+json"


def problem(status, title, **extra):
    """Answer as `collector.problems` does."""
    kind = "https://heliograph.dev/problems/" + title.replace(" ", "-")
    document = {"type": kind, "title": title, "status": status, **extra}
    return status, {"Content-Type": PROBLEM}, document


class Collector:
    """Listens on a free port; `start` and `stop` as often as a test likes."""

    def __init__(self):
        self.port = 0
        self.keys = {}
        self.ledger = {}
        self.readings = []
        self.segments = []
        self.alerts = 0
        self.requests = 0
        self.clock_ahead = timedelta(0)
        self.answer = None  # a function (body) -> (status, headers, document) to answer instead
        self.resend = []  # what each receipt asks for again
        self.lose_replies = 0
        self._server = None
        self._writers = set()
        self._tasks = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        # One accepted at the last moment is served only now.
        while any(not task.done() for task in self._tasks):
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.wait(self._tasks, timeout=0.05)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                raw = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                token = raw.get("Authorization", raw.get("authorization", ""))[7:]
                status, extra, document = self._answer(head[0].split()[1], body, token)
                if self.lose_replies:
                    self.lose_replies -= 1
                    break
                data = json.dumps(document).encode()
                date = format_datetime(datetime.now(UTC) + self.clock_ahead, usegmt=True)
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", f"Date: {date}",
                         *(f"{k}: {v}" for k, v in extra.items()), "", ""]  # fmt: skip
                writer.write("\r\n".join(lines).encode() + data)
                await writer.drain()
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self._writers.discard(writer)

    def _answer(self, path, body, token):
        if path == "/api/enroll":
            return self._enroll(json.loads(body))
        if path == "/health/live":
            return 200, {}, {}
        self.requests += 1
        if self.answer is not None and (answered := self.answer(body)) is not None:
            return answered
        now = datetime.now(UTC) + self.clock_ahead
        try:
            verify(token, body=body, key=self.keys[claimed_gateway(token)], now=now)
        except ClockError:
            return problem(401, "clock", server_time=now.isoformat())
        except (HeliographError, KeyError):
            return problem(401, "unauthorized")
        return self._ingest(body)

    def _ingest(self, body):
        try:
            receipts = [self._store(data) for data in unpack(body)]
        except InvalidSegmentError as error:
            return problem(400, "bad body", detail=str(error))
        return 200, {}, {"accepted": 0, "duplicates": 0, "rejected": [], "segments": receipts,
                         "resend": self.resend}  # fmt: skip

    def _store(self, data):
        segment = decode(data)
        key = (segment.stream, segment.first_seq)
        receipt = {"stream": str(segment.stream), "first_seq": segment.first_seq,
                   "last_seq": segment.last_seq, "accepted": 0, "duplicates": 0,
                   "rejected": [], "reason": None, "status": "stored"}  # fmt: skip
        if key in self.ledger:
            return receipt | {"status": "duplicate"}
        self.ledger[key] = segment.last_seq
        self.segments.append(segment)
        self.alerts += segment.rows("alerts")
        readings = readings_of(segment)
        if readings is not None:
            self.readings += [
                (readings.panel_ids[panel], time_us)
                for panel, time_us in zip(
                    readings.panel.tolist(), readings.time_us.tolist(), strict=True
                )
            ]
        return receipt

    def _enroll(self, document):
        raw = document["public_key"]
        if document["token"] != "good":
            return problem(403, "forbidden")
        key = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
        self.keys["gw-1"] = Ed25519PublicKey.from_public_bytes(key)
        return 200, {}, {"gateway_id": "gw-1", "site": "alpha",
                         "server_time": datetime.now(UTC).isoformat()}  # fmt: skip
