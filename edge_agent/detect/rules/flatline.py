"""All values of a panel stay exactly the same, although the sun does not."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.rules.judgement import Judgement, verdicts
from edge_agent.detect.samples import Samples
from edge_agent.detect.settings import Flatline
from shared.alerts import Severity


class FlatlineRule:
    """Looks for values that stand still while the panel, or its siblings, produce.

    Whatever produces also moves. At night everything rightly stands still at zero, so nothing can
    be told then of a panel that shows zero; one that shows more is suspect at any hour.
    """

    alert_type = "flatline"
    severities = (Severity.MEDIUM,)

    def __init__(self, settings: Flatline) -> None:
        self.raise_after_seconds = settings.raise_after_seconds
        self.clear_after_seconds = settings.clear_after_seconds
        self._producing_watts = settings.producing_watts
        self._siblings_watts = settings.siblings_watts

    def judge(self, samples: Samples, *, siblings_watts: NDArray[np.float64]) -> Judgement:
        """Judge each sample by whether its values moved."""
        producing = samples.power_watts >= self._producing_watts
        producing |= siblings_watts >= self._siblings_watts
        return Judgement(
            verdict=verdicts(holds=samples.still & producing, fine=samples.moved),
            level=np.zeros(len(samples), np.int8),
            measured={
                "temperature_celsius": samples.temperature_celsius,
                "voltage_volts": samples.voltage_volts,
                "current_amperes": samples.current_amperes,
                "power_output_watts": samples.power_watts,
                "siblings_median_watts": siblings_watts,
            },
            compared_with={"limit_seconds": self.raise_after_seconds},
        )
