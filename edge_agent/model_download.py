"""Asks the collector which model to try, and fetches it piece by piece."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from edge_agent.errors import CollectorAwayError, IdentityError, UnsignedError
from edge_agent.identity import Identity
from edge_agent.lane import Lane
from edge_agent.problems import CLOCK_PROBLEM, away, problem_of, why
from edge_agent.traffic import Traffic, wire_bytes
from shared.model_card import ModelCard
from shared.signing import sign

PIECE_BYTES: Final = 65_536
"""A file is fetched in pieces of so many bytes, each of which survives a restart."""

_LIST_BYTES: Final = 600


class Offer(msgspec.Struct, frozen=True):
    """What the collector has for us."""

    model_key: str
    """The key that vouches for models there."""
    offered: ModelCard | None = None
    """The model to try; None for none."""


class ModelSource:
    """The collector's models.

    Args:
        client: To the collector.
        identity_of: Who we are.
        traffic: What may go over the link; models go when a backlog may.
        clock_offset: What to add to our clock to have the collector's.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        identity_of: Callable[[], Identity],
        traffic: Traffic,
        clock_offset: Callable[[], timedelta],
    ) -> None:
        self._client = client
        self._identity_of = identity_of
        self._traffic = traffic
        self._clock_offset = clock_offset

    def wait(self) -> float:
        """Return how many seconds the link wants us to wait; infinite if that cannot be told."""
        return self._traffic.wait(Lane.BACKLOG, now=time.monotonic(), utc=datetime.now(UTC))

    async def offer(self) -> Offer | None:
        """Ask what to try; None where the collector knows no models.

        Raises:
            CollectorAwayError: It does not answer, or not as a collector.
        """
        response = await self._get("/api/models", size_bytes=_LIST_BYTES)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if response.is_error:
            raise away(response)
        try:
            return msgspec.json.decode(response.content, type=Offer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CollectorAwayError(f"what answers there lists no models: {error}") from error

    async def piece(self, card: ModelCard, *, start: int) -> bytes | None:
        """Fetch the next piece of a model's file; None if there is another file by now.

        Args:
            card: Of the model.
            start: How many bytes are here already.

        Raises:
            CollectorAwayError: It is to be asked again later.
        """
        end = min(start + PIECE_BYTES, card.size_bytes) - 1
        response = await self._get(
            f"/api/models/{card.version}",
            size_bytes=end - start + 1,
            headers={"Range": f"bytes={start}-{end}", "If-Range": f'"{card.sha256}"'},
        )
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            told = response.headers.get("Content-Range", "")
            return response.content if told.startswith(f"bytes {start}-{end}/") else None
        if response.is_error:
            raise away(response)
        return None

    async def _get(
        self, path: str, *, size_bytes: int, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        response = await self._signed(path, size_bytes=size_bytes, headers=headers or {})
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            problem = problem_of(response)
            if problem.type == CLOCK_PROBLEM and problem.server_time is not None:
                offset = problem.server_time - datetime.now(UTC)
                return await self._signed(
                    path, size_bytes=size_bytes, headers=headers or {}, offset=offset
                )
        return response

    async def _signed(
        self,
        path: str,
        *,
        size_bytes: int,
        headers: dict[str, str],
        offset: timedelta | None = None,
    ) -> httpx.Response:
        try:
            identity = self._identity_of()
        except IdentityError as error:
            raise UnsignedError(str(error)) from error
        utc = datetime.now(UTC)
        wire = wire_bytes(size_bytes, segments=0)
        self._traffic.sent(Lane.BACKLOG, wire, now=time.monotonic(), utc=utc)
        now = utc + (self._clock_offset() if offset is None else offset)
        token = sign(b"", key=identity.key, gateway=identity.gateway_id, now=now)
        try:
            return await self._client.get(
                path, headers={"Authorization": f"Bearer {token}", **headers}
            )
        except httpx.HTTPError as error:
            raise CollectorAwayError(why(error)) from error
