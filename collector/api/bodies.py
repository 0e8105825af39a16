"""Request bodies in OpenAPI that handlers decode by hand, so that one bad row refuses no batch."""

from dataclasses import dataclass
from typing import Final

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from shared.segments import CONTENT_TYPE as SEGMENTS

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_TEXT: Final = Schema(type=OpenAPIType.STRING)
_NUMBER: Final = Schema(type=OpenAPIType.NUMBER)
_QUANTITIES: Final = (
    "temperature_celsius",
    "voltage_volts",
    "current_amperes",
    "power_output_watts",
)

_READING: Final = Schema(
    type=OpenAPIType.OBJECT,
    required=["panel_id", *_QUANTITIES],
    properties={
        "panel_id": _TEXT,
        "timestamp": Schema(
            description="RFC 3339 with a zone, epoch seconds or milliseconds; absent means now.",
            one_of=[_TEXT, _NUMBER],
        ),
        **dict.fromkeys(_QUANTITIES, _NUMBER),
        "location": Schema(
            type=OpenAPIType.ARRAY,
            description="Latitude and longitude in degrees.",
            items=_NUMBER,
            min_items=2,
            max_items=2,
        ),
    },
)
_READINGS: Final = Schema(
    type=OpenAPIType.OBJECT,
    required=["readings"],
    properties={
        "readings": Schema(
            type=OpenAPIType.ARRAY,
            description="The objects that panels publish; each is judged by itself.",
            items=_READING,
        )
    },
)
_ENROLLMENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    required=["token", "public_key"],
    properties={
        "token": _TEXT,
        "public_key": Schema(
            type=OpenAPIType.STRING,
            description="The public half of an Ed25519 key: base64url of 32 bytes, no padding.",
        ),
    },
)
_TIME: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)
_RESEND: Final = Schema(
    type=OpenAPIType.OBJECT, required=["from", "to"], properties={"from": _TIME, "to": _TIME}
)
_SIGN_IN: Final = Schema(
    type=OpenAPIType.OBJECT,
    required=["token"],
    properties={
        "token": _TEXT,
        "next": Schema(
            type=OpenAPIType.STRING, description="The path a form is led on to; `/` when absent."
        ),
    },
)


@dataclass
class IngestOperation(Operation):
    """The description of ingest."""

    def __post_init__(self) -> None:
        binary = Schema(
            type=OpenAPIType.STRING,
            description="Segments, each after its length as four bytes, big-endian.",
            content_media_type=SEGMENTS,
        )
        self.request_body = _body({JSON: _READINGS, SEGMENTS: binary})


@dataclass
class EnrollOperation(Operation):
    """The description of enrolment."""

    def __post_init__(self) -> None:
        self.request_body = _body({JSON: _ENROLLMENT})


@dataclass
class ResendOperation(Operation):
    """The description of asking a gateway to send again."""

    def __post_init__(self) -> None:
        self.request_body = _body({JSON: _RESEND})


@dataclass
class SignInOperation(Operation):
    """The description of signing in."""

    def __post_init__(self) -> None:
        self.request_body = _body({JSON: _SIGN_IN, FORM: _SIGN_IN})


def _body(content: dict[str, Schema]) -> RequestBody:
    return RequestBody(
        required=True,
        content={kind: OpenAPIMediaType(schema=schema) for kind, schema in content.items()},
    )
