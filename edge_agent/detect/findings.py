"""What one rule found of one panel at one moment, looked up only when wanted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.persistence import Changes
from edge_agent.detect.rules import Judgement, Told
from edge_agent.detect.samples import Moments
from shared.alerts import Severity


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Everything about one slot: what was sampled, said and decided."""

    rules: Sequence[Told]
    samples: Moments
    judgements: Sequence[Judgement]
    changes: Changes

    def findings(self, pairs: NDArray[np.intp]) -> "Iterator[Finding]":
        """Yield a finding for each ``[rule, row]``."""
        return (Finding(self, rule, row) for rule, row in pairs.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One rule and one row of a step."""

    step: Step
    rule: int
    row: int

    @property
    def alert_type(self) -> str:
        """Return what was found."""
        return self.step.rules[self.rule].alert_type

    @property
    def panel(self) -> int:
        """Return the panel's number."""
        return int(self.step.samples.panel[self.row])

    @property
    def time_us(self) -> int:
        """Return the moment, microseconds since 1970-01-01 UTC."""
        return int(self.step.samples.time_us[self.row])

    @property
    def since_us(self) -> int:
        """Return when it began to be so: to hold, or to be fine again."""
        return int(self.step.changes.since_us[self.rule, self.row])

    @property
    def severity(self) -> Severity:
        """Return the worst of the episode so far."""
        worst = int(self.step.changes.worst[self.rule, self.row])
        return self.step.rules[self.rule].severities[worst]

    def evidence(self) -> dict[str, float]:
        """Return what was measured and compared, units in the names, nothing that is not finite."""
        judgement = self.step.judgements[self.rule]
        measured = {name: float(values[self.row]) for name, values in judgement.measured.items()}
        known = {name: round(value, 3) for name, value in measured.items() if math.isfinite(value)}
        return {**known, **judgement.compared_with}
