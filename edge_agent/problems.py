"""The collector's problem documents, and what an answer without a receipt means."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from edge_agent.errors import CollectorAwayError, CollectorFailedError

PROBLEMS: Final = "https://heliograph.dev/problems/"
"""How the types of the collector's own problems begin."""
CLOCK_PROBLEM: Final = PROBLEMS + "clock"
BAD_BODY: Final = PROBLEMS + "bad-body"
REFUSALS: Final = frozenset({BAD_BODY, PROBLEMS + "too-large"})
"""The problems of a body that would be no better another time."""

_PROBLEM_TYPE: Final = "application/problem+json"
_STRANGERS: Final = frozenset({PROBLEMS + "unauthorized", PROBLEMS + "forbidden"})
_NOT_ACCEPTED: Final = (
    "the collector does not accept this gateway (revoked or unknown); enrol again: "
    "edge-agent enroll --new-key"
)
_WORDS: Final = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.TimeoutException: "no answer in time",
    httpx.ConnectError: "no connection",
    httpx.NetworkError: "the connection was cut before the answer came",
    httpx.ProtocolError: "what answers there does not speak HTTP as it should",
    httpx.HTTPError: "there was no answer",
}
"""The narrower first."""
_QUOTED: Final = 200
_FAILURES: Final = frozenset(range(500, 600)) - {HTTPStatus.SERVICE_UNAVAILABLE}
"""What the collector answers when it fails on a request, and may not on another."""


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


def away(response: httpx.Response) -> CollectorAwayError:
    """Return what an answer that is no receipt means for us: wait, and for how long."""
    retry_after = _retry_after(response.headers)
    reason = described(response)
    problem = problem_of(response).type
    if problem in _STRANGERS:
        reason = f"{_NOT_ACCEPTED} ({reason})"
    elif not problem and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        reason += ", not from a collector: is there a proxy in between?"
    status = response.status_code
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (problem and status in _FAILURES):
        return CollectorFailedError(reason, retry_after=retry_after)
    return CollectorAwayError(reason, retry_after=retry_after)


def described(response: httpx.Response) -> str:
    """Return an answer in words."""
    problem = problem_of(response)
    said = problem.detail or problem.title
    return f"HTTP {response.status_code}" + (f": {said[:_QUOTED]}" if said else "")


def problem_of(response: httpx.Response) -> Problem:
    """Return the collector's own problem document; an empty one if a stranger answers."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Problem()
    return problem if kind == _PROBLEM_TYPE and problem.type.startswith(PROBLEMS) else Problem()


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds asked for, given as such or as a moment by the same clock as ``Date``."""
    given = headers.get("Retry-After", "")
    if given.isdecimal():
        return float(given)
    try:
        then = parsedate_to_datetime(given)
        said = parsedate_to_datetime(headers["Date"])
        return max(0.0, (then - said).total_seconds())
    except (KeyError, ValueError, TypeError):  # none, no date, or one without a time zone
        return None


def why(error: httpx.HTTPError) -> str:
    """Return in words why there was no answer; httpx has none for many of its errors."""
    words = (text for kind, text in _WORDS.items() if isinstance(error, kind))
    return str(error) or next(words)
