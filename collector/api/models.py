"""Models for gateways: which is offered, and its file, in pieces if wanted."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from collector.database.engine import Database
from collector.errors import ProblemError
from collector.problems import responses
from collector.queries.models import (
    Model,
    find_model,
    list_models,
    model_data,
    offered_model,
)
from collector.roles import OPTION, Access, Caller, Role
from collector.signer import signing_key
from shared.model_card import ModelCard, key_text

_RANGE: Final = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})")
_FILE: Final = "application/octet-stream"


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The models, and what is offered."""

    model_key: str
    """The key that vouches for them, Ed25519: base64url of 32 raw bytes, without padding."""
    offered: ModelCard | None
    """What the gateway that asks is to try; for people, what sites without an offer of their own
    are. Null when nothing is."""
    models: list[Model]
    """All of them, the newest first; gateways, whose link may be narrow, get none."""


@get("/", responses=responses(400, 401, 403, 503))
async def all_models(
    request: Request[Caller, Any, Any],
    database: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Models:
    """The models there are, who is offered which, and the key that vouches for them."""
    for_gateway = request.user.role is Role.GATEWAY
    return Models(
        model_key=key_text((await signing_key(database, now=now)).public_key()),
        offered=await offered_model(database, site_key=request.user.site_key),
        models=[] if for_gateway else await list_models(database),
    )


@get(
    "/{version:str}",
    media_type=_FILE,
    responses={
        **responses(401, 403, 404, 416, 503),
        206: ResponseSpec(
            bytes,
            generate_examples=False,
            description="The piece that `Range` asks for",
            media_type=_FILE,
        ),
    },
)
async def one_model(
    request: Request[Caller, Any, Any], version: FromPath[str], database: NamedDependency[Database]
) -> Response[bytes]:
    """The file of a model (ONNX); `Range: bytes=FIRST-LAST` gets a piece of it.

    `ETag` is its SHA-256; with `If-Range` another file is never taken for the rest of this one.
    """
    model = await find_model(database, version=version)
    etag = f'"{model.sha256}"'
    wanted = request.headers.get("range")
    if request.headers.get("if-range", etag) != etag:
        wanted = None
    piece = range_of(wanted, size=model.size_bytes)
    start, length = piece or (0, model.size_bytes)
    headers = {"Accept-Ranges": "bytes", "ETag": etag}
    if piece is not None:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{model.size_bytes}"
    data = await model_data(database, version=version, start=start, length=length)
    return Response(
        data, status_code=200 if piece is None else 206, headers=headers, media_type=_FILE
    )


def range_of(header: str | None, *, size: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes that a header asks for; None for all of them.

    What is not understood, several pieces among it, counts as not asked, as RFC 9110 has it.

    Args:
        header: ``Range``, if there is one.
        size: Bytes of the whole.

    Raises:
        ProblemError: The piece begins after the end.
    """
    found = _RANGE.fullmatch((header or "").strip())
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        length = min(int(found["last"]), size)
        first, last = size - length, size - 1
    else:
        first = int(found["first"])
        last = min(int(found["last"] or size), size - 1)
        if found["last"] and int(found["last"]) < first:
            return None
    if not first <= last:
        raise ProblemError(
            f"Range is {header!r}, allowed is within bytes 0 to {size - 1}",
            status=416,
            title="range not satisfiable",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return first, last - first + 1


def models_router() -> Router:
    """Return the routes of models."""
    return Router(
        "/api/models",
        route_handlers=[all_models, one_model],
        opt={OPTION: Access.MODELS},
        tags=["models"],
    )
