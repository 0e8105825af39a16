"""The record as the agent has it in memory: written where that is possible, kept in any case."""

import logging
from collections.abc import Callable

import msgspec

from edge_agent.errors import ModelError
from edge_agent.models.record import Known, Record
from edge_agent.models.store import Store
from shared.model_card import SHIPPED, ModelCard

_log = logging.getLogger(__name__)


class Book:
    """The record, and what last went wrong with a model.

    Args:
        store: Where it is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = store.written_at()
        self.record = store.read()
        """As it is now."""
        self.shipped_version: str | None = None
        """The version that came with the agent; None if it cannot be used."""
        self.trouble: str | None = None
        """What became of the model that is offered."""
        self.unusable: str | None = None
        """Why there is no model, though there should be."""

    def was_changed(self) -> bool:
        """Tell whether a person has changed the record, and read it if so."""
        written = self._store.written_at()
        if written == self._seen:
            return False
        self._seen, self.record = written, self._store.read()
        return True

    def change(self, step: Callable[[Record], Record]) -> None:
        """Change the record; where it cannot be written, in memory at least."""
        try:
            self.record = self._store.change(step)
            self._seen = self._store.written_at()
        except ModelError as error:
            _log.warning("%s; after a restart this is forgotten", error)
            self.record = step(self.record)

    def refuse(self, card: ModelCard, *, reason: str, now: float) -> None:
        """Note that a model that was not used yet is never to be tried again."""
        refused = Known(card=card, state="refused", since=now, reason=reason)

        def step(record: Record) -> Record:
            before = record.known.get(card.version)
            tried = None if before is None else before.trial
            return record.with_known(msgspec.structs.replace(refused, trial=tried))

        self.change(step)
        self.trouble = f"model {card.version} was given up: {reason}"
        _log.error("%s", self.trouble)

    def give_up(self, *, reason: str, now: float) -> None:
        """Note that the model in use is given up, and that the one before is in use again."""
        name = self.record.in_use
        version = self.shipped_version if name == SHIPPED else name
        shipped = self.shipped_version
        self.change(
            lambda one: (
                one.back(reason=reason, now=now, shipped=shipped) if one.in_use == name else one
            )
        )
        self.trouble = f"model {version} was given up: {reason}"
        _log.error("%s; back to %s", self.trouble, self.record.in_use)
