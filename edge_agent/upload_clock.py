"""The collector's time: every answer of it has a ``Date``, to the second."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import httpx

from edge_agent.errors import CollectorAwayError
from edge_agent.problems import why

_SENT: Final = "heliograph_sent_us"

Hook = Callable[[Any], Awaitable[None]]


class Listener(Protocol):
    """Who is told the collector's time; `edge_agent.clock.Clock` is one."""

    def since_boot_us(self) -> int:
        """Return microseconds since boot."""

    def heard(self, theirs: datetime, *, sent_us: int, received_us: int) -> None:
        """Take in the second the collector told, and when we asked and heard it."""


def hooks(listener: Listener) -> dict[str, list[Hook]]:
    """Return the event hooks of a client whose answers tell the time."""

    async def note(request: httpx.Request) -> None:
        request.extensions = {**request.extensions, _SENT: listener.since_boot_us()}

    async def hear(response: httpx.Response) -> None:
        theirs = told(response)
        sent_us = response.request.extensions.get(_SENT)
        if theirs is not None and sent_us is not None:
            listener.heard(theirs, sent_us=sent_us, received_us=listener.since_boot_us())

    return {"request": [note], "response": [hear]}


def told(response: httpx.Response) -> datetime | None:
    """Return the time an answer tells, the second that has begun; None if it tells none."""
    try:
        date = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


async def ask_time(client: httpx.AsyncClient) -> None:
    """Ask the collector for anything, so that its answer tells the time.

    Raises:
        CollectorAwayError: It does not answer.
    """
    try:
        await client.get("/health/live")
    except httpx.HTTPError as error:
        raise CollectorAwayError(why(error)) from error
