"""What the panels' electronics measure: gains, noise, sensor faults and quantisation."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.faults import Where
from models.simulator.labels import Label
from models.simulator.panels import State, span_of
from models.simulator.randomness import bits, key_of, normals, uniforms
from models.simulator.site import Traits

Array = NDArray[np.float64]
Measured = NDArray[np.int32]
"""Thousandths of degrees, volts, amperes and watts: shape ``(4, panels, times)``."""

CELSIUS, VOLTS, AMPERES, WATTS = range(4)
_NOISE: Final = (0.15, 0.06, 0.012, 0.4)
_STEPS_MILLI: Final = (100, 10, 1, 100)
"""What one step of each converter is, in thousandths: 0.1 C, 0.01 V, 1 mA, 0.1 W."""
_SPIKE: Final = (3.0, 1.5)
"""A wild value is the true one plus its quantity's usual size times 1.5 to 4.5."""
_USUAL: Final = (45.0, 35.0, 8.0, 280.0)
_WILD: Final = key_of("spikes")


class Sensors:
    """All sensors of a site's panels."""

    def __init__(self, *, traits: Traits, labels: Iterable[Label]) -> None:
        """Take how they differ and which are broken."""
        self._traits = traits
        self.faulty = tuple(label for label in labels if label.where is Where.SENSOR)

    def measure(self, state: State, *, frozen: Mapping[Label, NDArray[np.int32]]) -> Measured:
        """Return what is measured.

        Args:
            state: The truth.
            frozen: For each stuck sensor's label, the four values it froze at.
        """
        traits = self._traits
        moments = np.rint(state.time_s * 1000).astype(np.int64)
        random = bits(traits.key, places=moments)
        measured = np.empty((4, *state.volts.shape))
        measured[CELSIUS] = state.celsius
        np.multiply(state.volts, traits.voltage_gain, out=measured[VOLTS])
        np.multiply(state.amperes, traits.current_gain, out=measured[AMPERES])
        np.multiply(state.volts * state.amperes, traits.power_gain, out=measured[WATTS])
        for quantity, size in enumerate(_NOISE):
            measured[quantity] += size * normals(random, channel=quantity)
        for label in self.faulty:
            span = span_of(label, time_s=state.time_s)
            if span.start < span.stop:
                part = measured[:, label.panel, span]
                _break(part, label=label, moments=moments[span])
        values = _quantise(measured)
        for label in self.faulty:
            span = span_of(label, time_s=state.time_s)
            _replace(values[:, label.panel, span], label=label, frozen=frozen.get(label))
        return values


def _quantise(measured: Array) -> Measured:
    steps = np.array(_STEPS_MILLI)[:, None, None]
    return np.asarray(np.rint(measured * (1000.0 / steps)) * steps).astype(np.int32)


def _replace(part: Measured, *, label: Label, frozen: NDArray[np.int32] | None) -> None:
    """Apply in place a fault that sends something else than was measured."""
    match label.name:
        case "stuck_all" if frozen is not None:
            part[:] = frozen[:, None]
        case "stuck_v" if frozen is not None:
            part[VOLTS] = frozen[VOLTS]
        case "unit_error":
            part[WATTS] = np.rint(part[WATTS] * label.magnitude)


def _break(part: Array, *, label: Label, moments: NDArray[np.int64]) -> None:
    """Apply in place what a bad sensor adds to one panel's values, shape ``(4, times)``."""
    match label.name:
        case "temp_bias":
            part[CELSIUS] += label.magnitude
        case "i_gain":
            part[AMPERES] *= label.magnitude
        case "spikes":
            _spike(part, share=label.magnitude, panel=label.panel, moments=moments)


def _spike(part: Array, *, share: float, panel: int, moments: NDArray[np.int64]) -> None:
    random = bits(np.array(_WILD + panel, np.uint64), places=moments)
    at = np.flatnonzero(uniforms(random, channel=0) < share)
    quantity = (uniforms(random[at], channel=1) * 4).astype(np.intp)
    wild = _SPIKE[1] + _SPIKE[0] * uniforms(random[at], channel=2)
    part[quantity, at] += np.array(_USUAL)[quantity] * wild
