"""The collector's problem documents, and what an answer without a receipt means."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from edge_agent.errors import CollectorAwayError

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
_QUOTED: Final = 200


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
    given = response.headers.get("Retry-After", "")
    retry_after = float(given) if given.isdecimal() else None
    reason = described(response)
    problem = problem_of(response).type
    if problem in _STRANGERS:
        reason = f"{_NOT_ACCEPTED} ({reason})"
    elif not problem and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        reason += ", not from a collector: is there a proxy in between?"
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


def why(error: httpx.HTTPError) -> str:
    """Return in words why there was no answer."""
    return str(error) or type(error).__name__
