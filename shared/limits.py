"""The limits that sort readings into impossible, suspicious and fine."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.quality import Quality
from shared.readings import MISSING, QUANTITIES, Readings, to_thousandths

Range = tuple[float, float]

MISMATCH_WATTS: Final = 5.0
MISMATCH_SHARE: Final = 0.1

_NAMES: Final = {
    "temperature_mc": ("temperature_celsius", Quality.TEMPERATURE),
    "voltage_mv": ("voltage_volts", Quality.VOLTAGE),
    "current_ma": ("current_amperes", Quality.CURRENT),
    "power_mw": ("power_output_watts", Quality.POWER),
}


class Ranges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An inclusive range for each measured quantity, in public units."""

    temperature_celsius: Range
    voltage_volts: Range
    current_amperes: Range
    power_output_watts: Range

    def __post_init__(self) -> None:
        for name, _ in _NAMES.values():
            low, high = getattr(self, name)
            if not low <= high:
                raise ValueError(f"{name} is {low:g} to {high:g}, the first must be the lower")

    def as_thousandths(self) -> NDArray[np.int32]:
        """Return shape ``(4, 2)``: lowest and highest of each of `QUANTITIES`."""
        pairs = [getattr(self, name) for name, _ in _NAMES.values()]
        return to_thousandths(np.asarray(pairs, np.float64))


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both sets of ranges of one panel; defaults as for 60- and 72-cell modules."""

    possible: Ranges = Ranges((-50.0, 120.0), (-1.0, 150.0), (-0.5, 30.0), (-10.0, 1200.0))
    """Outside of these a reading is not physical and goes to the quarantine."""
    nominal: Ranges = Ranges((-20.0, 80.0), (0.0, 60.0), (0.0, 15.0), (0.0, 1000.0))
    """Outside of these a reading is stored with a quality flag."""


DEFAULT_LIMITS: Final = Limits()


def impossible(readings: Readings, *, limits: Sequence[Limits]) -> dict[int, str]:
    """Find readings outside their panel's possible ranges.

    Args:
        readings: The batch.
        limits: One entry for each of ``readings.panel_ids``.

    Returns:
        Row number to the reason: the field, the value and what is allowed.
    """
    bounds = _bounds([limit.possible for limit in limits])
    reasons: dict[int, str] = {}
    for number, quantity in enumerate(QUANTITIES):
        values: NDArray[np.int32] = getattr(readings, quantity)
        low, high = bounds[readings.panel, number].T
        for row in np.flatnonzero(_outside(values, low, high)).tolist():
            reasons.setdefault(
                row,
                f"{_NAMES[quantity][0]} is {values[row] / 1000:g}, "
                f"possible is {low[row] / 1000:g} to {high[row] / 1000:g}",
            )
    return reasons


def suspicious(readings: Readings, *, limits: Sequence[Limits]) -> NDArray[np.int16]:
    """Return the quality flags, shape ``(n,)``, that the nominal ranges and P = V * I give.

    Args:
        readings: The batch.
        limits: One entry for each of ``readings.panel_ids``.
    """
    bounds = _bounds([limit.nominal for limit in limits])
    flags = np.zeros(len(readings), np.int16)
    for number, quantity in enumerate(QUANTITIES):
        low, high = bounds[readings.panel, number].T
        outside = _outside(getattr(readings, quantity), low, high)
        flags[outside] |= np.int16(_NAMES[quantity][1])
    flags[power_mismatch(readings)] |= np.int16(Quality.POWER_MISMATCH)
    return flags


def power_mismatch(readings: Readings) -> NDArray[np.bool_]:
    """Tell where power and voltage times current differ by over 5 W and over 10 %."""
    volt_amperes = readings.voltage_mv * 1e-3 * (readings.current_ma * 1e-3)
    watts = readings.power_mw * 1e-3
    allowed = np.maximum(MISMATCH_WATTS, MISMATCH_SHARE * np.maximum(watts, volt_amperes))
    known = np.logical_and.reduce(
        [getattr(readings, quantity) != MISSING for quantity in QUANTITIES[1:]]
    )
    mismatch: NDArray[np.bool_] = known & (np.abs(watts - volt_amperes) > allowed)
    return mismatch


def _bounds(ranges: Sequence[Ranges]) -> NDArray[np.int32]:
    """Return shape ``(panels, 4, 2)``, computing each distinct entry once."""
    distinct = {id(entry): entry for entry in ranges}
    position = {key: at for at, key in enumerate(distinct)}
    if not distinct:
        return np.empty((0, len(QUANTITIES), 2), np.int32)
    computed: NDArray[np.int32] = np.stack([entry.as_thousandths() for entry in distinct.values()])
    return computed[[position[id(entry)] for entry in ranges]]


def _outside(
    values: NDArray[np.int32], low: NDArray[np.int32], high: NDArray[np.int32]
) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = (values != MISSING) & ((values < low) | (values > high))
    return outside
