"""Errors as RFC 9457 problem documents, each of which names what is allowed."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from collector.errors import BadBodyError, DatabaseAwayError, ProblemError
from collector.queried import parameters_of
from collector.refusals import bad_request

MEDIA_TYPE: Final = "application/problem+json"
TYPES: Final = "https://heliograph.dev/problems/"
RETRY_AFTER_SECONDS: Final = 5

_log: Final = logging.getLogger(__name__)
_UNIMPORTANT: Final = 500
_NAMES: Final = {
    400: "bad request",
    404: "not found",
    405: "method not allowed",
    413: "too large",
    415: "unsupported media type",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not served (RFC 9457)."""

    type: str
    """A URI for the kind of problem."""
    title: str
    """The kind of problem in a word or two."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong with this request, and what is allowed."""
    instance: str
    """The path that was asked for."""


def responses(*statuses: int) -> Mapping[int, ResponseSpec]:
    """Return the problem answers of a route, for its OpenAPI description."""
    descriptions = _NAMES | {
        401: "no acceptable token",
        403: "not for the caller's role; the detail names those that are allowed",
        409: "in conflict with what is there",
        416: "there is no such piece",
        429: "too many at once, or too many failed attempts",
        503: "the database is away",
    }
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description=descriptions[status].capitalize(),
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }


def answer(request: Request[Any, Any, Any], problem: ProblemError) -> Response[dict[str, Any]]:
    """Return the problem document as a response."""
    document = {
        "type": TYPES + problem.title.replace(" ", "-"),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.scope["path"],
        **problem.extra,
    }
    return Response(
        document, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def status_of(error: Exception) -> int:
    """Return the status of the answer that `HANDLERS` give to an error."""
    match error:
        case ProblemError():
            return error.status
        case HTTPException():
            return error.status_code
        case BadBodyError() | msgspec.MsgspecError():
            return 400
        case DatabaseAwayError():
            return 503
        case _:
            return 500


def _from_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    method, path = request.scope["method"], request.scope["path"]
    allowed = {name.lower(): value for name, value in (error.headers or {}).items()}.get("allow")
    headers = {} if allowed is None else {"Allow": allowed}
    detail = {
        404: f"there is nothing at {path}; /docs lists what there is",
        405: f"{method} is not possible at {path}, allowed is {allowed}",
        413: "the body is too large; HELIOGRAPH_MAX_BODY_BYTES says what is allowed",
    }.get(error.status_code, error.detail)
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        detail = "; ".join(_one(request, each) for each in error.extra) or detail
    title = _NAMES.get(error.status_code, "not served")
    return answer(
        request, ProblemError(detail, status=error.status_code, title=title, headers=headers)
    )


def _one(request: Request[Any, Any, Any], complaint: Any) -> str:  # noqa: ANN401 - a dictionary
    name = complaint.get("key", "request")
    allowed = parameters_of(request.route_handler).get(name)
    if allowed is None:
        return f"{name}: {complaint.get('message', '')}"
    return f"{name} is {request.query_params.get(name)!r}, allowed is {allowed}"


def _from_problem(request: Request[Any, Any, Any], error: ProblemError) -> Response[dict[str, Any]]:
    return answer(request, error)


def _from_body(
    request: Request[Any, Any, Any], error: BadBodyError | msgspec.MsgspecError
) -> Response[dict[str, Any]]:
    return answer(request, bad_request(str(error), title="bad body"))


def _from_away(
    request: Request[Any, Any, Any], error: DatabaseAwayError
) -> Response[dict[str, Any]]:
    _log.warning("%s %s: %s", request.method, request.scope["path"], error)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return answer(
        request,
        ProblemError(
            "the database is away; nothing was stored, try again",
            status=503,
            title="database away",
            headers=headers,
        ),
    )


def _from_anything(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    if isinstance(error, HTTPException) and error.status_code < _UNIMPORTANT:
        return _from_http(request, error)
    _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return answer(
        request,
        ProblemError(
            "this is a fault of the collector; its log says more",
            status=500,
            title="internal error",
        ),
    )


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    HTTPException: _from_anything,
    ProblemError: _from_problem,
    BadBodyError: _from_body,
    msgspec.MsgspecError: _from_body,
    DatabaseAwayError: _from_away,
    Exception: _from_anything,
}
"""Litestar's table of exception handlers."""
