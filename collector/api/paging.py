"""Pages by keyset: each leads on after its last row's key, whatever is added or goes meanwhile."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from collector.refusals import bad_request

Row = TypeVar("Row")
Key = TypeVar("Key")

Cursor = Annotated[
    str | None, QueryParameter(description="Where a page goes on; a Link header gives it.")
]
PageLimit = Annotated[int, QueryParameter(ge=1, le=5_000, description="Rows of a page.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def write_cursor(*key: str | int | datetime) -> str:
    """Return the cursor of the page that goes on after a key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, *, kind: type[Key]) -> Key:
    """Return the key after which a page goes on.

    Args:
        cursor: As in the address.
        kind: A tuple of what the key is made of.

    Raises:
        ProblemError: It is no cursor.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if rb"\u0000" in raw:
            raise ValueError(cursor)  # noqa: TRY301 - told below like all that is no cursor
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, OverflowError, RecursionError) as error:
        raise bad_request(
            f"cursor is {cursor!r}, allowed is what a Link header gave", title="bad cursor"
        ) from error


def paged(
    request: Request[Any, Any, Any],
    rows: list[Row],
    *,
    limit: int,
    key: Callable[[Row], tuple[str | int | datetime, ...]],
    **fixed: str,
) -> Response[list[Row]]:
    """Return a page, with a ``Link`` to the next one if there is more.

    Args:
        request: Whose parameters the link repeats.
        rows: The rows of the page and, if there is more, at least one beyond.
        limit: Rows of a page.
        key: What rows are ordered by.
        fixed: Parameters to write down as they were meant, so that all pages are of one question.
    """
    if len(rows) <= limit:
        return Response(rows)
    query = {
        **{name: value for name, value in request.query_params.items() if value is not None},
        **fixed,
        "cursor": write_cursor(*key(rows[limit - 1])),
    }
    link = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
    return Response(rows[:limit], headers={"Link": link})
