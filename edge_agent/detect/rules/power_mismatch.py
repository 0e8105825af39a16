"""Power is not voltage times current: one of the three is measured wrongly."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.rules.judgement import Judgement, verdicts
from edge_agent.detect.samples import Samples
from edge_agent.detect.settings import PowerMismatch
from shared.alerts import Severity

_HYSTERESIS: Final = 0.8


class PowerMismatchRule:
    """Compares power with voltage times current, in watts and relative to the larger of both.

    At low power the watts decide what is tolerated, and most sensors agree within them whether they
    are right or wrong; so only from ``watts / share`` on (50 W) can it be fine again.
    """

    alert_type = "power_mismatch"
    severities = (Severity.LOW, Severity.MEDIUM)

    def __init__(self, settings: PowerMismatch) -> None:
        self.raise_after_seconds = settings.raise_after_seconds
        self.clear_after_seconds = settings.clear_after_seconds
        self._watts = settings.watts
        self._share = settings.share
        self._medium = settings.medium_from_share

    def judge(self, samples: Samples, *, siblings_watts: NDArray[np.float64]) -> Judgement:  # noqa: ARG002 - rules share one form
        """Judge each sample by the difference of its power and voltage times current."""
        watts, volt_amperes = samples.power_watts, samples.volt_amperes
        larger = np.maximum(np.abs(watts), np.abs(volt_amperes))
        difference = np.abs(watts - volt_amperes)
        allowed = np.maximum(self._watts, self._share * larger)
        telling = larger >= self._watts / self._share
        return Judgement(
            verdict=verdicts(
                holds=difference > allowed,
                fine=telling & (difference <= _HYSTERESIS * allowed),
            ),
            level=(difference >= self._medium * larger).astype(np.int8),
            measured={
                "power_output_watts": watts,
                "volt_amperes": volt_amperes,
                "voltage_volts": samples.voltage_volts,
                "current_amperes": samples.current_amperes,
            },
            compared_with={"limit_watts": self._watts, "limit_share": self._share},
        )
