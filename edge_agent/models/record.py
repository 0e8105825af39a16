"""What is known of each model, and which is in use; times are epoch seconds."""

from typing import Literal

import msgspec

from shared.model_card import RULES, SHIPPED, ModelCard

State = Literal["candidate", "ready", "refused"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How a candidate did beside the model in use, on the same windows."""

    against: str
    """The version in use; empty for rules alone."""
    started_at: float
    """When it began."""
    seconds: float = 0.0
    """How much time the windows span."""
    panel_windows: int = 0
    """Windows times panels on which both had something to say."""
    agreed: int = 0
    """Those on which they said the same."""
    panel_days: float = 0.0
    """Days times panels."""
    alarms: int = 0
    """How often the candidate saw a fault for minutes."""
    alarms_in_use: int = 0
    """How often the model in use did."""

    @property
    def agreement(self) -> float | None:
        """Return the share on which they said the same; None before the first."""
        return self.agreed / self.panel_windows if self.panel_windows else None

    @property
    def rate(self) -> float:
        """Return the candidate's alarms per panel-day."""
        return self.alarms / self.panel_days if self.panel_days else 0.0

    @property
    def rate_in_use(self) -> float:
        """Return those of the model in use."""
        return self.alarms_in_use / self.panel_days if self.panel_days else 0.0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A model the collector has offered."""

    card: ModelCard
    """Its file, and who vouches for it."""
    state: State
    """On trial, passed, or given up."""
    since: float
    """Since when it is in that state."""
    reason: str | None = None
    """Why it was given up."""
    trial: Trial | None = None
    """How it did."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Which model is in use, and what is known of the others."""

    in_use: str = SHIPPED
    """A version, `SHIPPED` or `RULES`."""
    previous: str | None = None
    """What was in use before, to go back to."""
    since: float = 0.0
    """Since when it is in use; 0 for always."""
    known: dict[str, Known] = {}
    """By version."""
    offered: str | None = None
    """What the collector offered last."""
    declined: str | None = None
    """An offer that a person's choice has overruled."""
    shipped_failed: str | None = None
    """The version that came with the agent, if it was given up."""

    @property
    def candidate(self) -> str | None:
        """Return the version that is on trial."""
        return next((name for name, one in self.known.items() if one.state == "candidate"), None)

    @property
    def fallback(self) -> str:
        """Return what to go back to."""
        if self.in_use in {SHIPPED, RULES}:
            return RULES
        before = self.previous
        usable = before == SHIPPED or (
            before in self.known and self.known[before].state != "refused"
        )
        return before if before is not None and usable and before != self.in_use else SHIPPED

    def using(self, name: str, *, now: float) -> "Record":
        """Return the record with another model in use."""
        if name == self.in_use:
            return self
        changed = msgspec.structs.replace(self, in_use=name, previous=self.in_use, since=now)
        return changed.with_state(name, state="ready", now=now) if name in self.known else changed

    def back(self, *, reason: str, now: float, shipped: str | None) -> "Record":
        """Return the record after giving up what is in use.

        Args:
            reason: Why.
            now: Epoch seconds.
            shipped: The version that came with the agent.
        """
        gone, to = self.in_use, self.fallback
        changed = msgspec.structs.replace(self, in_use=to, previous=None, since=now)
        if gone == SHIPPED:
            return msgspec.structs.replace(changed, shipped_failed=shipped)
        return changed.with_state(gone, state="refused", now=now, reason=reason)

    def with_state(
        self, version: str, *, state: State, now: float, reason: str | None = None
    ) -> "Record":
        """Return the record with a known model in another state."""
        if version not in self.known:
            return self
        one = msgspec.structs.replace(self.known[version], state=state, since=now, reason=reason)
        return self.with_known(one)

    def with_known(self, one: Known) -> "Record":
        """Return the record with something known of a model."""
        return msgspec.structs.replace(self, known=self.known | {one.card.version: one})
