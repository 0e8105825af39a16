"""Which model is used, and when that changes."""

import asyncio
import logging
from typing import Final, Generic, TypeVar

import msgspec

from edge_agent.errors import ModelError
from edge_agent.models.asked import Asked
from edge_agent.models.book import Book
from edge_agent.models.judging import Limits, unfit, worse
from edge_agent.models.loading import Loader, Sources
from edge_agent.models.record import Known, Record, Trial
from edge_agent.models.shadow import Seen, Shadow
from edge_agent.models.store import Store
from edge_agent.models.tally import Day
from edge_agent.status import ModelStatus
from shared.model_card import RULES, SHIPPED, ModelCard

M = TypeVar("M", bound=Asked)

_SAVED_EVERY_SECONDS: Final = 600.0

_log = logging.getLogger(__name__)


class Models(Generic[M]):
    """The model in use and the one on trial.

    Whatever goes wrong with a model, something is in use afterwards: the one before, the one that
    came with the agent, or the rules alone.

    Args:
        store: Where models are kept.
        limits: What they have to keep to.
        sources: What makes and uses them.
    """

    def __init__(self, store: Store, *, limits: Limits, sources: Sources[M]) -> None:
        self.book = Book(store)
        self._store = store
        self._limits = limits
        self._sources = sources
        self._loader = Loader(self.book, store=store, sources=sources)
        self._name = RULES
        self._model: M | None = None
        self._shadow: Shadow[M] | None = None
        self._day = Day()
        self._rules = Day()
        self._saved_at = 0.0

    async def begin(self, *, now: float) -> None:
        """Take up what an earlier run used and tried; until then there are rules alone.

        Args:
            now: Epoch seconds.
        """
        await asyncio.to_thread(self._loader.look_at_shipped)
        await self._employ_record(now=now)
        await self._try_on(now=now)

    def observe(self, seen: Seen) -> None:
        """Take in a window, and let the model on trial look at it too."""
        known = seen.known
        self._rules.take(seen.ruled, known=known, end_us=seen.end_us)
        self._day.take(seen.named, known=known, end_us=seen.end_us)
        if self._shadow is not None:
            self._shadow.take(seen)

    async def tick(self, *, now: float) -> None:
        """Do what is due: a person's orders, giving up what fails, deciding a trial.

        Args:
            now: Epoch seconds.
        """
        if self.book.was_changed():
            await self._follow(now=now)
        model = self._model
        if model is not None and (why := self._unfit(model, day=self._day)):
            self.book.give_up(reason=why, now=now)
            await self._employ_record(now=now)
        if self._shadow is not None:
            self._judge(self._shadow, now=now)

    def save(self, *, now: float) -> None:
        """Write down how the trial goes."""
        if self._shadow is None:
            return
        self._saved_at, trial = now, self._shadow.trial
        version = self._shadow.model.version
        self.book.change(
            lambda one: (
                one.with_known(msgspec.structs.replace(one.known[version], trial=trial))
                if version in one.known
                else one
            )
        )

    def wants(self, card: ModelCard | None) -> bool:
        """Take in what the collector offers, and tell whether its file is wanted."""
        book, version = self.book, None if card is None else card.version
        book.trouble = None
        if version != book.record.offered:
            book.change(lambda one: msgspec.structs.replace(one, offered=version))
        if card is None or version in {book.record.declined, self._version()}:
            return False
        known = book.record.known.get(card.version)
        if known is None or known.card.sha256 != card.sha256:
            return True
        if known.state == "refused":
            book.trouble = f"model {version} was given up: {known.reason}"
        return known.state == "ready"

    async def take(self, card: ModelCard, *, data: bytes, now: float) -> None:
        """Try a model that was fetched, beside the one in use.

        Args:
            card: What the collector vouches for, verified.
            data: The file, checked.
            now: Epoch seconds.

        Raises:
            ModelError: There is no room for it.
        """
        try:
            model = await asyncio.to_thread(self._loader.loaded, data, card=card)
        except ModelError as error:
            self.book.refuse(card, reason=str(error), now=now)
            return
        await asyncio.to_thread(self._store.keep, card, data=data)
        trial = Trial(against=self._version() or "", started_at=now)
        fresh = Known(card=card, state="candidate", since=now, trial=trial)

        def step(record: Record) -> Record:
            before = record.candidate
            if before is not None:
                record = record.with_state(before, state="ready", now=now)
            return record.with_known(fresh)

        self.book.change(step)
        self._shadow = Shadow(model, trial=trial, names=self._sources.names)
        _log.info("model %s is on trial beside %s for %g h", card.version,
                  self._version() or "the rules", self._limits.shadow_hours)  # fmt: skip

    def report(self) -> ModelStatus:
        """Return how it stands."""
        record, version = self.book.record, self._version()
        source = self._name if self._name in {SHIPPED, RULES} else "collector"
        status = ModelStatus(
            in_use=version,
            source=source,
            since=record.since or None,
            call_milliseconds=None if self._model is None else self._model.speed.milliseconds(),
            trouble=self.book.trouble or self.book.unusable,
        )
        if self._shadow is None:
            return status
        trial = self._shadow.trial
        return msgspec.structs.replace(
            status,
            candidate=self._shadow.model.version,
            candidate_hours=round(trial.seconds / 3600.0, 2),
            agreement=trial.agreement,
            alarms_per_panel_day=round(trial.rate, 4),
            alarms_per_panel_day_in_use=round(trial.rate_in_use, 4),
        )

    def _version(self) -> str | None:
        return None if self._model is None else self._model.version

    def _unfit(self, model: M, *, day: Day) -> str | None:
        return unfit(model, day=day, rules=self._rules, limits=self._limits)

    def _employ(self, name: str, model: M | None) -> None:
        self._name, self._model = name, model
        self._day, self._rules = Day(), Day()
        self._sources.use(model)
        _log.info("faults are named by %s",
                  "rules alone" if model is None else f"model {model.version}")  # fmt: skip

    async def _employ_record(self, *, now: float) -> None:
        self._employ(*await asyncio.to_thread(lambda: self._loader.in_use(now=now)))

    async def _try_on(self, *, now: float) -> None:
        """Go on with a trial of an earlier run."""
        self._shadow, record = None, self.book.record
        if record.candidate is None:
            return
        known = record.known[record.candidate]
        try:
            model = await asyncio.to_thread(self._loader.file, record.candidate)
        except ModelError as error:
            self.book.refuse(known.card, reason=str(error), now=now)
            return
        against = self._version() or ""
        goes_on = known.trial is not None and known.trial.against == against
        fresh = Trial(against=against, started_at=now)
        trial = known.trial if goes_on and known.trial is not None else fresh
        self._shadow = Shadow(model, trial=trial, names=self._sources.names)

    async def _follow(self, *, now: float) -> None:
        """Do what a person has written into the record."""
        record = self.book.record
        if record.in_use != self._name:
            self.book.trouble = None
            await self._employ_record(now=now)
        trying = None if self._shadow is None else self._shadow.model.version
        if record.candidate != trying:
            await self._try_on(now=now)

    def _judge(self, shadow: Shadow[M], *, now: float) -> None:
        """Decide the trial, if it is time or cannot go on."""
        limits, trial = self._limits, shadow.trial
        version = shadow.model.version
        known = self.book.record.known[version]
        over = trial.seconds >= limits.shadow_hours * 3600.0 and (
            trial.panel_windows > 0 or not limits.shadow_hours
        )
        reason = self._unfit(shadow.model, day=shadow.day)
        if reason is None and over:
            reason = worse(trial, limits=limits)
        if reason is None and not over:
            if now - self._saved_at >= _SAVED_EVERY_SECONDS:
                self.save(now=now)
            return
        self.save(now=now)
        self._shadow = None
        if reason is not None:
            self.book.refuse(known.card, reason=reason, now=now)
            return
        self.book.change(lambda one: one.using(version, now=now))
        _log.info("model %s did not do worse: it is used from now on", version)
        self._employ(version, shadow.model)
