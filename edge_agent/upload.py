"""The collector's side: httpx is used here and in `edge_agent.enroll`, and nowhere else."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Literal
from uuid import UUID

import httpx
import msgspec

from edge_agent.errors import CollectorAwayError, IdentityError
from edge_agent.identity import Identity
from edge_agent.pacer import Pacer
from edge_agent.sealed import Key, Sealed
from shared.segments import CONTENT_TYPE, pack
from shared.signing import sign

PROBLEMS: Final = "https://heliograph.dev/problems/"
"""How the types of the collector's own problems begin."""
CLOCK_PROBLEM: Final = PROBLEMS + "clock"

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_PROBLEM_TYPE: Final = "application/problem+json"
_BAD_BODY: Final = PROBLEMS + "bad-body"
_REFUSALS: Final = frozenset({_BAD_BODY, PROBLEMS + "too-large"})
"""The problems of a body that would be no better another time."""
_STRANGERS: Final = frozenset({PROBLEMS + "unauthorized", PROBLEMS + "forbidden"})
_NOT_ACCEPTED: Final = (
    "the collector does not accept this gateway (revoked or unknown); enrol again: "
    "edge-agent enroll --new-key"
)
_QUOTED: Final = 200

_log = logging.getLogger(__name__)


class Rejection(msgspec.Struct, frozen=True):
    """One row the collector did not store."""

    index: int
    """Its position in the table."""
    reason: str
    """Why, for a person."""
    table: str = "readings"
    """The table of the segment."""


class SegmentReceipt(msgspec.Struct, frozen=True):
    """What became of one segment."""

    stream: UUID
    """Which segment,"""
    first_seq: int
    """from which flush,"""
    last_seq: int
    """to which, inclusive."""
    status: Literal["stored", "duplicate", "refused"]
    """Refused means that sending it again is no use."""
    rejected: list[Rejection] = msgspec.field(default_factory=list)
    """Rows of it that were not stored."""
    reason: str | None = None
    """Why it was refused."""


class Receipt(msgspec.Struct, frozen=True):
    """The collector's answer; there is one only after its database committed."""

    segments: list[SegmentReceipt]
    """One for each segment sent."""


class Problem(msgspec.Struct, frozen=True):
    """An RFC 9457 problem document, as far as it concerns us."""

    type: str = ""
    """Which problem it is."""
    title: str = ""
    """In short, for a person."""
    detail: str = ""
    """In long, for a person."""
    server_time: datetime | None = None
    """The collector's time, where our clock is the problem."""


class Uploader:
    """Sends segments, signed, and returns what became of each."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        identity_of: Callable[[], Identity],
        pacer: Pacer,
    ) -> None:
        self._client = client
        self._identity_of = identity_of
        self._pacer = pacer
        self.clock_offset = timedelta(0)
        """What to add to our clock to have the collector's; only signatures use it."""

    async def send(self, segments: Sequence[Sealed]) -> list[tuple[Sealed, SegmentReceipt]]:
        """Send segments; where the body is bad as a whole, find the bad segment.

        Returns:
            Each segment with its receipt.

        Raises:
            CollectorAwayError: They are to be sent again later.
        """
        response = await self._post(pack(one.body for one in segments))
        if response.is_success:
            return _matched(segments, _decoded(response))
        refused = _problem(response).type in _REFUSALS
        too_large = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if not refused and not (too_large and len(segments) > 1):  # a proxy may take less at once
            raise _away(response)
        if len(segments) == 1:
            return [(segments[0], _refused(segments[0], _described(response)))]
        half = len(segments) // 2
        return [*await self.send(segments[:half]), *await self.send(segments[half:])]

    async def probe(self) -> None:
        """Ask whether the collector accepts our identity, sending nothing.

        An empty body is a bad one: the complaint about it comes from behind the door.

        Raises:
            CollectorAwayError: It cannot be reached, or does not.
        """
        response = await self._post(b"")
        if _problem(response).type != _BAD_BODY:
            raise _away(response)

    async def _post(self, body: bytes) -> httpx.Response:
        """Send a body; where our clock is wrong, correct it and send once more.

        Raises:
            CollectorAwayError: There was no answer, or we have no identity yet.
        """
        await self._pacer.wait(len(body))
        response = await self._signed(body)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            problem = _problem(response)
            if problem.type == CLOCK_PROBLEM and problem.server_time is not None:
                self._correct(problem.server_time)
                response = await self._signed(body)
        return response

    async def _signed(self, body: bytes) -> httpx.Response:
        try:
            identity = self._identity_of()
        except IdentityError as error:
            raise CollectorAwayError(str(error)) from error
        now = datetime.now(UTC) + self.clock_offset
        token = sign(body, key=identity.key, gateway=identity.gateway_id, now=now)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}
        try:
            return await self._client.post("/api/ingest", content=body, headers=headers)
        except httpx.HTTPError as error:
            raise CollectorAwayError(_why(error)) from error

    def _correct(self, server_time: datetime) -> None:
        self.clock_offset = server_time - datetime.now(UTC)
        _log.warning(
            "our clock differs from the collector's by %+.0f s; signing with its time",
            self.clock_offset.total_seconds(),
        )


@asynccontextmanager
async def open_client(collector_url: str, *, version: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open the connection pool to the collector; connections are made when needed."""
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=2, keepalive_expiry=120.0)
    async with httpx.AsyncClient(
        base_url=collector_url.rstrip("/"),
        timeout=_TIMEOUT,
        limits=limits,
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
        raise CollectorAwayError(_why(error)) from error
    if response.is_error:
        raise _away(response)
    try:
        theirs = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    middle = datetime.now(UTC) - timedelta(seconds=(time.monotonic() - started) / 2)
    return theirs + timedelta(seconds=0.5) - middle


def _matched(segments: Sequence[Sealed], receipt: Receipt) -> list[tuple[Sealed, SegmentReceipt]]:
    receipts = {Key(one.stream, one.first_seq): one for one in receipt.segments}
    missing = [one for one in segments if one.key not in receipts]
    if missing:
        raise CollectorAwayError(f"its receipt leaves out {len(missing)} of {len(segments)}")
    return [(one, receipts[one.key]) for one in segments]


def _decoded(response: httpx.Response) -> Receipt:
    try:
        return msgspec.json.decode(response.content, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CollectorAwayError(f"what answers there gives no receipt: {error}") from error


def _refused(sealed: Sealed, reason: str) -> SegmentReceipt:
    stream, first_seq = sealed.key
    return SegmentReceipt(stream, first_seq, sealed.last_seq, "refused", reason=reason)


def _away(response: httpx.Response) -> CollectorAwayError:
    given = response.headers.get("Retry-After", "")
    retry_after = float(given) if given.isdecimal() else None
    reason = _described(response)
    problem = _problem(response).type
    if problem in _STRANGERS:
        reason = f"{_NOT_ACCEPTED} ({reason})"
    elif not problem and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        reason += ", not from a collector: is there a proxy in between?"
    return CollectorAwayError(reason, retry_after=retry_after)


def _described(response: httpx.Response) -> str:
    problem = _problem(response)
    said = problem.detail or problem.title
    return f"HTTP {response.status_code}" + (f": {said[:_QUOTED]}" if said else "")


def _problem(response: httpx.Response) -> Problem:
    """Return the collector's own problem document; an empty one if a stranger answers."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Problem()
    return problem if kind == _PROBLEM_TYPE and problem.type.startswith(PROBLEMS) else Problem()


def _why(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
