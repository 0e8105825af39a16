"""Taking in what gateways and integrations send."""

from datetime import datetime
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from collector.api.bodies import JSON, IngestOperation
from collector.errors import ProblemError
from collector.ingest import Ingest
from collector.metrics import Metrics
from collector.problems import responses
from collector.receipts import Receipt, Sender
from collector.roles import OPTION, Access, Caller, Role
from shared.segments import CONTENT_TYPE


@post(
    "/api/ingest",
    status_code=200,
    opt={OPTION: Access.INGEST},
    operation_class=IngestOperation,
    responses=responses(400, 401, 403, 413, 415, 503),
    tags=["ingest"],
)
async def ingest_readings(
    request: Request[Caller, Any, Any],
    body: RawBody,
    ingest: NamedDependency[Ingest],
    metrics: NamedDependency[Metrics],
    now: NamedDependency[datetime],
) -> Receipt:
    """Store readings; the receipt exists only after they are committed.

    A row that is wrong is told by its index and does not hold up the others. Sending the same
    again stores nothing twice.
    """
    kind, sender = content_type(request), sender_of(request.user)
    if kind == CONTENT_TYPE and request.user.role is not Role.GATEWAY:
        raise ProblemError(
            "segments are for gateways; a token posts application/json",
            status=403,
            title="forbidden",
        )
    store = ingest.segments if kind == CONTENT_TYPE else ingest.readings
    receipt = await store(bytes(body), sender=sender, now=now)
    metrics.count_receipt(receipt)
    return receipt


def content_type(request: Request[Any, Any, Any]) -> str:
    """Return which of the two kinds of body this is.

    Raises:
        ProblemError: It is another, or it is compressed.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {JSON, CONTENT_TYPE}:
        raise ProblemError(
            f"content type is {kind!r}, allowed are {JSON} and {CONTENT_TYPE}",
            status=415,
            title="unsupported media type",
            headers={"Accept": f"{JSON}, {CONTENT_TYPE}"},
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise ProblemError(
            f"content encoding is {encoding!r}, allowed is none",
            status=415,
            title="unsupported media type",
            headers={"Accept-Encoding": "identity"},
        )
    return kind


def sender_of(caller: Caller) -> Sender:
    """Return a caller that is bound to a site as ingest knows it."""
    assert caller.site_key is not None  # noqa: S101 - every role that may ingest is bound to a site
    assert caller.site is not None  # noqa: S101 - as above
    return Sender(site_key=caller.site_key, site=caller.site, gateway_key=caller.gateway_key)
