"""A module is hotter than its limit."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.rules.judgement import Judgement, verdicts
from edge_agent.detect.samples import Samples
from edge_agent.detect.settings import OverTemperature
from shared.alerts import Severity


class OverTemperatureRule:
    """Compares the temperature with a limit; the severity is how far above it is."""

    alert_type = "over_temperature"
    severities = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)

    def __init__(self, settings: OverTemperature) -> None:
        self.raise_after_seconds = settings.raise_after_seconds
        self.clear_after_seconds = settings.clear_after_seconds
        self._limit = settings.limit_celsius
        self._fine = settings.limit_celsius - settings.hysteresis_celsius
        steps = sorted((settings.high_above_celsius, settings.critical_above_celsius))
        self._steps = np.array(steps) + settings.limit_celsius

    def judge(self, samples: Samples, *, siblings_watts: NDArray[np.float64]) -> Judgement:  # noqa: ARG002 - rules share one form
        """Judge each sample by its temperature."""
        celsius = samples.temperature_celsius
        holds = celsius > self._limit
        return Judgement(
            verdict=verdicts(holds=holds, fine=~holds & (celsius <= self._fine)),
            level=np.searchsorted(self._steps, celsius, side="right").astype(np.int8),
            measured={"temperature_celsius": celsius},
            compared_with={"limit_celsius": self._limit},
        )
