"""Keeps up with what the collector offers: asks, fetches with resume, hands on what is genuine."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.errors import CollectorAwayError, EdgeError, ModelError
from edge_agent.identity import IdentityFiles, pin_model_key
from edge_agent.model_download import ModelSource
from edge_agent.models import Models, Store
from shared.errors import InvalidModelError
from shared.model_card import ModelCard, key_of

_TRIES: Final = 3
_FIRST_PAUSE_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class Pin:
    """The pinned key: no other collector's models are believed.

    Args:
        identity: Where it is kept.
        path: The same, to write it.
    """

    def __init__(self, identity: IdentityFiles, *, path: Path) -> None:
        self._identity = identity
        self._path = path

    def key(self) -> Ed25519PublicKey | None:
        """Return the key; None before one was told."""
        try:
            text = self._identity.get().model_key
            return None if text is None else key_of(text)
        except (EdgeError, InvalidModelError):
            return None

    def agree(self, told: str) -> Ed25519PublicKey:
        """Return the pinned key; a gateway that enrolled before there was one believes the first.

        Args:
            told: The key that the collector says it signs with.

        Raises:
            ModelError: It is another than the pinned one, or none.
            IdentityError: It cannot be pinned.
        """
        pinned = self._identity.get().model_key
        if pinned is None:
            _check(told)
            pin_model_key(self._path, told)
            _log.info("from now on the key %s vouches for models", told)
        elif pinned != told:
            raise ModelError(
                f"the collector signs models with the key {told[:64]}, pinned is {pinned}: if that "
                "is right, enrol again (edge-agent enroll)"
            )
        return _check(told)


class ModelFetching:
    """Fetches what is offered.

    Args:
        source: The collector's models.
        models: What tries them.
        store: Where files are.
        pin: Whose signature counts.
        every_seconds: How often to ask.
    """

    def __init__(
        self,
        source: ModelSource,
        *,
        models: Models[Any],
        store: Store,
        pin: Pin,
        every_seconds: float,
    ) -> None:
        self._source = source
        self._models = models
        self._store = store
        self._pin = pin
        self._every_seconds = every_seconds
        self._changed: dict[str, int] = {}

    async def run(self, *, ready: Callable[[], bool]) -> NoReturn:
        """Ask and fetch, for ever.

        Args:
            ready: Whether the collector is there.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            if not ready():
                await asyncio.sleep(min(1.0, self._every_seconds))
                continue
            try:
                await self.once()
                pause, wait = _FIRST_PAUSE_SECONDS, self._every_seconds
            except CollectorAwayError as error:
                _log.debug("no model from the collector now: %s", error)
                pause = wait = min(2 * pause, self._every_seconds)
            except (EdgeError, InvalidModelError) as error:
                if str(error) != self._models.book.trouble:
                    _log.error("%s", error)
                self._models.book.trouble, wait = str(error), self._every_seconds
            await asyncio.sleep(wait * random.uniform(0.9, 1.1))  # noqa: S311 - spreads a fleet

    async def once(self) -> None:
        """Ask, and fetch what is offered.

        Raises:
            CollectorAwayError: It is to be tried again soon.
            EdgeError: It is of no use now; the text says why.
            InvalidModelError: What is offered is not vouched for.
        """
        await self._may()
        offer = await self._source.offer()
        if offer is None:
            return
        key = self._pin.agree(offer.model_key)
        card = offer.offered
        if card is not None:
            card.verify(key)
        if not self._models.wants(card) or card is None:
            return
        data = await self._file(card, key=key)
        await self._models.take(card, data=data, now=time.time())

    async def _file(self, card: ModelCard, *, key: Ed25519PublicKey) -> bytes:
        """Return a model's file, fetching of it what is not here."""
        if self._store.has(card.version):
            try:
                return self._store.data(card, key=key)
            except ModelError as error:
                _log.warning("fetching model %s again: %s", card.version, error)
        part = self._store.part(card)
        while (there := _size(part)) < card.size_bytes:
            await self._may()
            piece = await self._source.piece(card, start=there)
            if piece is None:
                part.unlink(missing_ok=True)
                raise CollectorAwayError(f"model {card.version} is another file by now")
            self._store.append(card, data=piece)
        data = part.read_bytes()
        part.unlink(missing_ok=True)
        try:
            card.check(data)
        except InvalidModelError as error:
            self._was_changed(card, reason=str(error))
            raise
        return data

    def _was_changed(self, card: ModelCard, *, reason: str) -> None:
        """Note that what came is not what is vouched for: now and then a link does that."""
        tries = self._changed[card.sha256] = self._changed.get(card.sha256, 0) + 1
        if tries >= _TRIES:
            self._models.book.refuse(card, reason=f"{reason}, {tries} times", now=time.time())

    async def _may(self) -> None:
        """Wait until the link and the budget have something for models."""
        while (wait := self._source.wait()) > 0:  # noqa: ASYNC110 - time alone ends it
            await asyncio.sleep(_LONGEST_WAIT_SECONDS if math.isinf(wait) else wait)


def _check(told: str) -> Ed25519PublicKey:
    try:
        return key_of(told)
    except InvalidModelError as error:
        raise ModelError(str(error)) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
