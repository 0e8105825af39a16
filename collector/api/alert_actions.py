"""What people do about alerts: one route for each action, and one for many alerts at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Operation
from litestar.params import FromPath, RawBody

from collector.api.alert_bodies import (
    MAX_BODY_BYTES,
    AcknowledgeOperation,
    Acknowledging,
    Acting,
    ActingOperation,
    Action,
    Assigning,
    AssignOperation,
    Comment,
    CommentOperation,
    Reopening,
    ReopenOperation,
    ResolveOperation,
    Resolving,
    read_body,
    read_rest,
)
from collector.database.engine import Database
from collector.errors import ProblemError
from collector.problems import responses
from collector.queries import handling
from collector.queries.alerts import Alert
from collector.roles import OPTION, Access, Caller


@dataclass(frozen=True, slots=True)
class Way:
    """How an action is done."""

    what: str
    """What it does, for people."""
    kind: type[msgspec.Struct]
    """What its body says, which `work` takes by name."""
    operation: type[Operation]
    """How its route is described."""
    work: Callable[..., Awaitable[Alert]]
    """What does it."""


WAYS: Final = {
    Action.ACKNOWLEDGE: Way(
        "Take an alert; one that somebody took already stays theirs.",
        Acknowledging,
        AcknowledgeOperation,
        handling.acknowledge,
    ),
    Action.RESOLVE: Way(
        "Close an alert; if its fault lasts, it opens again after a while.",
        Resolving,
        ResolveOperation,
        handling.resolve,
    ),
    Action.REOPEN: Way("Open a resolved alert again.", Reopening, ReopenOperation, handling.reopen),
    Action.ASSIGN: Way(
        "Say who is to deal with an alert.", Assigning, AssignOperation, handling.assign
    ),
    Action.COMMENT: Way(
        "Say something about an alert, for all who look at it.",
        Comment,
        CommentOperation,
        handling.comment,
    ),
}
"""Each action by its name in the address."""


class Refused(msgspec.Struct, frozen=True):
    """An alert for which an action was not done."""

    id: int
    """Its number."""
    status: int
    """The status its own route would have answered."""
    detail: str
    """Why."""


class Acted(msgspec.Struct, frozen=True):
    """What became of an action for many alerts."""

    done: list[Alert]
    """Those for which it was done, as they are now."""
    refused: list[Refused]
    """Those for which it was not; the others stand nevertheless."""


_ROUTE: Final[dict[str, Any]] = {
    "status_code": 200,
    "opt": {OPTION: Access.OPERATOR},
    "request_max_body_size": MAX_BODY_BYTES,
}


def _route(action: Action, way: Way) -> HTTPRouteHandler:
    async def act(
        request: Request[Caller, Any, Any],
        alert_id: FromPath[int],
        body: RawBody,
        database: NamedDependency[Database],
        now: NamedDependency[datetime],
    ) -> Alert:
        said = msgspec.structs.asdict(read_body(bytes(body), kind=way.kind))
        return await way.work(database, alert_id=alert_id, by=request.user.name, now=now, **said)

    act.__name__, act.__doc__ = f"{action}_alert", way.what
    return post(
        f"/{{alert_id:int}}/{action}",
        operation_class=way.operation,
        responses=responses(400, 401, 403, 404, 409, 413, 503),
        **_ROUTE,
    )(act)


@post(
    "/actions",
    operation_class=ActingOperation,
    responses=responses(400, 401, 403, 413, 503),
    **_ROUTE,
)
async def act_on_many(
    request: Request[Caller, Any, Any],
    body: RawBody,
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Acted:
    """Do the same for many alerts: each by itself, so that one that cannot be hinders no other.

    Beside `action` and `alert_ids` the body says what the action's own route takes.
    """
    wanted = read_body(bytes(body), kind=Acting)
    way = WAYS[wanted.action]
    said = msgspec.structs.asdict(read_rest(bytes(body), known=Acting, kind=way.kind))
    done, refused = [], []
    for number in dict.fromkeys(wanted.alert_ids):
        try:
            changed = await way.work(
                database, alert_id=number, by=request.user.name, now=now, **said
            )
        except ProblemError as problem:
            refused.append(Refused(number, problem.status, problem.detail))
        else:
            done.append(changed)
    return Acted(done, refused)


ROUTES: Final = [act_on_many, *(_route(action, way) for action, way in WAYS.items())]
"""The routes of all actions."""
