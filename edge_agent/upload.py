"""Segments to receipts: signs bodies, sends them, and finds the bad one of several."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx

from edge_agent.errors import CollectorAwayError, IdentityError, UnsignedError
from edge_agent.identity import Identity
from edge_agent.lane import Lane
from edge_agent.problems import (
    BAD_BODY,
    CLOCK_PROBLEM,
    REFUSALS,
    away,
    described,
    problem_of,
    why,
)
from edge_agent.receipts import ResendRequest, SegmentReceipt, matched, receipt_of, refused
from edge_agent.sealed import Sealed
from edge_agent.traffic import Traffic, wire_bytes
from edge_agent.upload_clock import Listener, hooks, told
from shared.segments import CONTENT_TYPE, pack
from shared.signing import sign

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_ANSWER_SECONDS: Final = 60.0  # httpx bounds each step, this all of them
_SLOWEST_BYTES_PER_SECOND: Final = 1_000.0

_log = logging.getLogger(__name__)


class Uploader:
    """Sends segments, signed, and returns what became of each."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        identity_of: Callable[[], Identity],
        traffic: Traffic,
    ) -> None:
        self._client = client
        self._identity_of = identity_of
        self._traffic = traffic
        self.clock_offset = timedelta(0)
        """What to add to our clock to have the collector's; only signatures use it."""
        self.resend_requests: Sequence[ResendRequest] = ()
        """What the last receipt asked for again."""

    async def send(
        self, segments: Sequence[Sealed], *, lane: Lane
    ) -> list[tuple[Sealed, SegmentReceipt]]:
        """Send segments; where the body is bad as a whole, find the bad segment.

        Args:
            segments: What to send.
            lane: What it counts as.

        Returns:
            Each segment with its receipt.

        Raises:
            CollectorAwayError: They are to be sent again later.
            CollectorFailedError: The same, perhaps without the one at fault.
        """
        body = pack(one.body for one in segments)
        response = await self._post(body, lane=lane, segments=len(segments))
        if response.is_success:
            receipt = receipt_of(response.content)
            self.resend_requests = receipt.resend
            return matched(segments, receipt)
        hopeless = problem_of(response).type in REFUSALS
        too_large = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if too_large:
            self._traffic.too_large(len(body), now=time.monotonic())
        if not hopeless and not (too_large and len(segments) > 1):  # a proxy may take less at once
            raise away(response)
        if len(segments) == 1:
            return [(segments[0], refused(segments[0], reason=described(response)))]
        half = len(segments) // 2
        return [
            *await self.send(segments[:half], lane=lane),
            *await self.send(segments[half:], lane=lane),
        ]

    async def probe(self) -> None:
        """Ask whether the collector accepts our identity, sending nothing.

        An empty body is a bad one: the complaint about it comes from behind the door.

        Raises:
            CollectorAwayError: It cannot be reached, or does not.
        """
        response = await self._post(b"", lane=Lane.URGENT, segments=0)
        if problem_of(response).type != BAD_BODY:
            raise away(response)

    async def _post(self, body: bytes, *, lane: Lane, segments: int) -> httpx.Response:
        """Send a body; where our clock is wrong, correct it and send once more.

        Raises:
            CollectorAwayError: There was no answer.
            UnsignedError: We have no identity yet.
        """
        size_bytes = wire_bytes(len(body), segments=segments)
        response = await self._signed(body, lane=lane, size_bytes=size_bytes)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            problem = problem_of(response)
            if problem.type == CLOCK_PROBLEM and problem.server_time is not None:
                self._correct(problem.server_time)
                response = await self._signed(body, lane=lane, size_bytes=size_bytes)
        return response

    async def _signed(self, body: bytes, *, lane: Lane, size_bytes: int) -> httpx.Response:
        try:
            identity = self._identity_of()
        except IdentityError as error:
            raise UnsignedError(str(error)) from error
        utc = datetime.now(UTC)
        self._traffic.sent(lane, size_bytes, now=time.monotonic(), utc=utc)
        now = utc + self.clock_offset
        token = sign(body, key=identity.key, gateway=identity.gateway_id, now=now)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}
        seconds = _ANSWER_SECONDS + len(body) / _SLOWEST_BYTES_PER_SECOND
        try:
            async with asyncio.timeout(seconds):
                return await self._client.post("/api/ingest", content=body, headers=headers)
        except httpx.HTTPError as error:
            ran_out = isinstance(error, httpx.TimeoutException)
            raise CollectorAwayError(why(error), ran_out=ran_out) from error
        except TimeoutError as error:
            raise CollectorAwayError(f"no answer within {seconds:.0f} s", ran_out=True) from error

    def _correct(self, server_time: datetime) -> None:
        self.clock_offset = server_time - datetime.now(UTC)
        _log.warning(
            "our clock differs from the collector's by %+.0f s; signing with its time",
            self.clock_offset.total_seconds(),
        )


class _Client(httpx.AsyncClient):
    """A client all of whose failures are `httpx.HTTPError`."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """Send a request.

        A connection that is cut in the moment it is made has no socket any more where anyio asks it
        for its peer, and what that raises nobody maps.
        """
        try:
            return await super().send(request, **options)
        except (AttributeError, OSError) as error:
            reason = f"the connection was cut as it was made: {error}"
            raise httpx.ConnectError(reason, request=request) from error


@asynccontextmanager
async def open_client(
    collector_url: str, *, version: str, listener: Listener | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Open the connection pool to the collector; connections are made when needed.

    Args:
        collector_url: Where it is.
        version: Ours.
        listener: Who hears the time each answer tells.
    """
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=120.0)
    async with _Client(
        base_url=collector_url.rstrip("/"),
        timeout=_TIMEOUT,
        limits=limits,
        event_hooks={} if listener is None else hooks(listener),
        headers={"User-Agent": f"heliograph-edge/{version}", "Accept": "application/json"},
    ) as client:
        yield client


async def measure_clock(client: httpx.AsyncClient) -> timedelta | None:
    """Return how far the collector's clock is ahead of ours, to the second; None if it won't say.

    Raises:
        CollectorAwayError: It does not answer.
    """
    started = time.monotonic()
    try:
        response = await client.get("/health/live")
    except httpx.HTTPError as error:
        raise CollectorAwayError(why(error)) from error
    if response.is_error:
        raise away(response)
    theirs = told(response)
    if theirs is None:
        return None
    middle = datetime.now(UTC) - timedelta(seconds=(time.monotonic() - started) / 2)
    return theirs + timedelta(seconds=0.5) - middle
