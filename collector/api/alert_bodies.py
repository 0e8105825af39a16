"""Bodies of what is done about alerts, and of planned work."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from collector.api.parameters import read_time, show
from collector.queries.alerts import Cause
from collector.queries.intervals import Period
from collector.refusals import bad_request
from collector.wording import fields_in_words

MAX_BODY_BYTES: Final = 16_384
MAX_TEXT: Final = 4_000
MAX_ALERTS: Final = 500
"""How many alerts one request deals with."""
_T = TypeVar("_T", bound=msgspec.Struct)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Action(StrEnum):
    """What can be done about an alert."""

    ACKNOWLEDGE = "acknowledge"
    """Take it."""
    RESOLVE = "resolve"
    """Close it."""
    REOPEN = "reopen"
    """Open it again."""
    ASSIGN = "assign"
    """Say who is to deal with it."""
    COMMENT = "comment"
    """Say something about it."""


class Acting(msgspec.Struct, frozen=True):
    """What is done about which alerts; further fields are the action's own."""

    action: Action
    """What."""
    alert_ids: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]],
        msgspec.Meta(min_length=1, max_length=MAX_ALERTS),
    ]
    """About which."""


class Acknowledging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That somebody takes an alert: nothing more is to be said."""


class Resolving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an alert is closed."""

    cause: Cause | None = None
    """What it was."""
    note: _Text | None = None
    """What is to be remembered of it."""


class Reopening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an alert is opened again."""

    note: _Text | None = None
    """Why."""


class Assigning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to deal with an alert."""

    to: _Name | None
    """The person; null for nobody in particular."""


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something said about an alert."""

    text: _Text
    """What."""


class Planning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Planned work."""

    site: str
    """Where."""
    start: str = msgspec.field(name="from")
    """The first time, RFC 3339."""
    end: str = msgspec.field(name="to")
    """The time after the last, RFC 3339."""
    why: _Text
    """What is done."""
    panel_id: str | None = None
    """At which panel; null for the whole site."""


def read_body(body: bytes, *, kind: type[_T], beside: tuple[type[msgspec.Struct], ...] = ()) -> _T:
    """Return what a body says; an empty one is an empty object.

    Args:
        body: As it was sent.
        kind: What it is to say.
        beside: What it says as well, read before.

    Raises:
        ProblemError: It is not that.
    """
    try:
        read = msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        allowed = fields_in_words(*beside, kind)
        raise bad_request(f"the body is not acceptable: {error}; allowed is {allowed}") from error
    texts = (value for value in msgspec.structs.asdict(read).values() if isinstance(value, str))
    if any("\0" in text for text in texts):
        raise bad_request("the body has a NUL character, which no text has")
    return read


def read_rest(body: bytes, *, known: type[msgspec.Struct], kind: type[_T]) -> _T:
    """Return what a body says beside the fields of `known`, which was read before.

    Raises:
        ProblemError: It is not that.
    """
    fields: dict[str, msgspec.Raw] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    rest = {
        name: value for name, value in fields.items() if name not in known.__struct_encode_fields__
    }
    return read_body(msgspec.json.encode(rest), kind=kind, beside=(known,))


def read_window(wanted: Planning, *, now: datetime) -> Period:
    """Return when planned work is.

    Raises:
        ProblemError: One is no time, they are the wrong way round, or it is all over.
    """
    start, end = read_time("from", wanted.start), read_time("to", wanted.end)
    if not start < end or end <= now:
        raise bad_request(
            f"from is {show(start)} and to is {show(end)}; allowed is a from before the to, and a "
            f"to after {show(now)}",
            title="bad range",
        )
    return Period(start, end)


_TEXT: Final = Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_TEXT)
_NAME: Final = Schema(type=OpenAPIType.STRING, min_length=1, max_length=200)
_TIME: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)


def _body(*, required: bool, needed: list[str] | None = None, **fields: Schema) -> RequestBody:
    properties: dict[str, Reference | Schema] = {
        name.rstrip("_"): schema for name, schema in fields.items()
    }
    schema = Schema(type=OpenAPIType.OBJECT, required=needed, properties=properties)
    return RequestBody(
        required=required, content={"application/json": OpenAPIMediaType(schema=schema)}
    )


@dataclass
class AcknowledgeOperation(Operation):
    """The description of taking an alert."""

    def __post_init__(self) -> None:
        self.request_body = _body(required=False)


@dataclass
class ActingOperation(Operation):
    """The description of dealing with many alerts."""

    def __post_init__(self) -> None:
        number = Schema(type=OpenAPIType.INTEGER, minimum=1)
        self.request_body = _body(
            required=True,
            needed=["action", "alert_ids"],
            action=Schema(type=OpenAPIType.STRING, enum=list(Action)),
            alert_ids=Schema(
                type=OpenAPIType.ARRAY, items=number, min_items=1, max_items=MAX_ALERTS
            ),
            cause=Schema(type=OpenAPIType.STRING, enum=list(Cause)),
            note=_TEXT,
            to=_NAME,
            text=_TEXT,
        )


@dataclass
class ResolveOperation(Operation):
    """The description of closing an alert."""

    def __post_init__(self) -> None:
        causes = Schema(type=OpenAPIType.STRING, enum=list(Cause))
        self.request_body = _body(required=False, cause=causes, note=_TEXT)


@dataclass
class ReopenOperation(Operation):
    """The description of opening an alert again."""

    def __post_init__(self) -> None:
        self.request_body = _body(required=False, note=_TEXT)


@dataclass
class AssignOperation(Operation):
    """The description of assigning an alert."""

    def __post_init__(self) -> None:
        nobody = Schema(type=OpenAPIType.NULL)
        self.request_body = _body(required=True, needed=["to"], to=Schema(one_of=[_NAME, nobody]))


@dataclass
class CommentOperation(Operation):
    """The description of commenting on an alert."""

    def __post_init__(self) -> None:
        self.request_body = _body(required=True, needed=["text"], text=_TEXT)


@dataclass
class PlanOperation(Operation):
    """The description of planning work."""

    def __post_init__(self) -> None:
        self.request_body = _body(
            required=True,
            needed=["site", "from", "to", "why"],
            site=_NAME,
            panel_id=_NAME,
            from_=_TIME,
            to=_TIME,
            why=_TEXT,
        )
