"""From the record to a model that can be asked; or to the one before, or to none."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.errors import ModelError
from edge_agent.models.asked import Asked
from edge_agent.models.book import Book
from edge_agent.models.shadow import Seen
from edge_agent.models.store import Store
from edge_agent.models.tally import Names
from shared.model_card import RULES, SHIPPED, ModelCard

M = TypeVar("M", bound=Asked)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources(Generic[M]):
    """Where models come from, and where they go."""

    load: Callable[[bytes], M]
    """Makes a model of a file's bytes and lets it prove itself; raises `ModelError`."""
    shipped: Callable[[], M]
    """Makes the one that came with the agent; raises `ModelError`."""
    names: Callable[[M, Seen], Names]
    """What would be said of a window with a model; raises `ModelError`."""
    use: Callable[[M | None], None]
    """Lets a model name the faults from now on; None for the rules alone."""
    key: Callable[[], Ed25519PublicKey | None]
    """The pinned key of the collector; None before there is one."""


class Loader(Generic[M]):
    """Loads models.

    Args:
        book: The record.
        store: Their files.
        sources: What makes models of them.
    """

    def __init__(self, book: Book, *, store: Store, sources: Sources[M]) -> None:
        self._book = book
        self._store = store
        self._sources = sources
        self._shipped: M | None = None

    def look_at_shipped(self) -> None:
        """Find out which version came with the agent; a newer one gets another chance."""
        book = self._book
        try:
            self._shipped = self._sources.shipped()
        except ModelError as error:
            _log.error("the model that came with the agent cannot be used: %s", error)
            return
        book.shipped_version = self._shipped.version
        failed = book.record.shipped_failed
        if book.record.in_use == RULES and failed is not None and failed != book.shipped_version:
            book.change(
                lambda one: msgspec.structs.replace(one, in_use=SHIPPED, shipped_failed=None)
            )

    def in_use(self, *, now: float) -> tuple[str, M | None]:
        """Return what is in use by the record, or what that falls back to, and its name there.

        Args:
            now: Epoch seconds.
        """
        book = self._book
        book.unusable = None
        while book.record.in_use not in {SHIPPED, RULES}:
            name = book.record.in_use
            try:
                return name, self.file(name)
            except ModelError as error:
                book.give_up(reason=str(error), now=now)
        if book.record.in_use == RULES:
            return RULES, None
        # It was loaded to learn its version: once is enough, and then not kept in memory.
        loaded, self._shipped = self._shipped, None
        try:
            return SHIPPED, loaded or self._sources.shipped()
        except ModelError as error:
            book.unusable = f"faults are named by rules alone: {error}"
            return RULES, None

    def file(self, version: str) -> M:
        """Load a model that is kept.

        Raises:
            ModelError: It is not there, or cannot be used.
        """
        known = self._book.record.known.get(version)
        if known is None:
            raise ModelError(f"nothing is known of model {version}")
        data = self._store.data(known.card, key=self._sources.key())
        return self.loaded(data, card=known.card)

    def loaded(self, data: bytes, *, card: ModelCard) -> M:
        """Make a model of a file.

        Raises:
            ModelError: It cannot be used, or is of another version than it should be.
        """
        model = self._sources.load(data)
        if model.version != card.version:
            raise ModelError(f"the file of model {card.version} says it is {model.version}")
        return model
