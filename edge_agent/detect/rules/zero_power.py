"""A panel produces nothing while its siblings do."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.rules.judgement import Judgement, verdicts
from edge_agent.detect.samples import Samples
from edge_agent.detect.settings import ZeroPower
from shared.alerts import Severity


class ZeroPowerRule:
    """Compares the power with the siblings' median; when that is low too, nothing can be told.

    A panel whose voltage times current is as high as its siblings' power produces, whatever its
    power is said to be, as in kilowatts: `power_mismatch` tells that.
    """

    alert_type = "zero_power"
    severities = (Severity.HIGH,)

    def __init__(self, settings: ZeroPower) -> None:
        self.raise_after_seconds = settings.raise_after_seconds
        self.clear_after_seconds = settings.clear_after_seconds
        self._share = settings.share
        self._clear_share = max(settings.share, settings.clear_share)
        self._siblings_watts = settings.siblings_watts

    def judge(self, samples: Samples, *, siblings_watts: NDArray[np.float64]) -> Judgement:
        """Judge each sample by its share of the siblings' power."""
        telling = siblings_watts >= self._siblings_watts
        watts = samples.power_watts
        produced = np.fmax(watts, samples.volt_amperes)
        return Judgement(
            verdict=verdicts(
                holds=telling & (produced < self._share * siblings_watts),
                fine=telling & (produced >= self._clear_share * siblings_watts),
            ),
            level=np.zeros(len(samples), np.int8),
            measured={
                "power_output_watts": watts,
                "siblings_median_watts": siblings_watts,
                "voltage_volts": samples.voltage_volts,
                "current_amperes": samples.current_amperes,
            },
            compared_with={"limit_share": self._share},
        )
