"""Enrolling a gateway."""

import logging
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from collector.access import client_of
from collector.api.bodies import EnrollOperation
from collector.database.engine import Database
from collector.enrollment import Enrollment, read_public_key, redeem
from collector.errors import ProblemError
from collector.problems import responses
from collector.refusals import bad_request
from collector.roles import OPTION, Access
from collector.throttle import Throttle

MAX_BODY_BYTES = 4096
_log: Final = logging.getLogger(__name__)


class EnrollmentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gateway sends once, to be known from then on."""

    token: str
    """The one-time token of `collector enrollment create`."""
    public_key: str
    """The public half of its Ed25519 key: base64url of 32 raw bytes, without padding."""


@post(
    "/api/enroll",
    status_code=200,
    opt={OPTION: Access.PUBLIC},
    operation_class=EnrollOperation,
    responses=responses(400, 403, 413, 429, 503),
    tags=["ingest"],
    request_max_body_size=MAX_BODY_BYTES,
)
async def enroll(
    request: Request[Any, Any, Any],
    body: RawBody,
    database: NamedDependency[Database],
    enrollments: NamedDependency[Throttle],
    now: NamedDependency[datetime],
) -> Enrollment:
    """Make a gateway of whoever has a one-time token; the same key again gets the same answer."""
    try:
        wanted = msgspec.json.decode(body, type=EnrollmentRequest)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise bad_request(f"body is not token and public_key as JSON: {error}") from error
    public_key = read_public_key(wanted.public_key)
    try:
        return await redeem(database, token=wanted.token, public_key=public_key, now=now)
    except ProblemError as refusal:
        # Only failures are bounded: who has the token gets in, whoever else shares the address.
        enrollments.refuse_if_busy(client_of(request), now=now)
        enrollments.count(client_of(request), now=now)
        _log.warning("refused to enrol a gateway from %s: %s", client_of(request), refusal)
        raise
