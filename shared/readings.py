"""Readings as columns: the one form they have from validation to the database."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

MISSING: Final = np.iinfo(np.int32).min
"""The value of an int32 column that stands for "not measured" (NULL in the database)."""

QUANTITIES: Final = ("temperature_mc", "voltage_mv", "current_ma", "power_mw")
"""The measured columns, in the order of every table, segment and COPY buffer."""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """A batch of readings, one array element per reading; all arrays have shape ``(n,)``.

    Quantities are fixed-point thousandths of the public unit, exact for any sensor we know of.
    """

    panel_ids: tuple[str, ...]
    """The panels that occur, each once; ``panel`` points into it."""
    panel: NDArray[np.int32]
    """Index into ``panel_ids``."""
    time_us: NDArray[np.int64]
    """Microseconds since 1970-01-01 UTC."""
    temperature_mc: NDArray[np.int32]
    """Module temperature in thousandths of a degree Celsius, or `MISSING`."""
    voltage_mv: NDArray[np.int32]
    """DC voltage in millivolts, or `MISSING`."""
    current_ma: NDArray[np.int32]
    """DC current in milliamperes, or `MISSING`; positive when the panel produces."""
    power_mw: NDArray[np.int32]
    """Output power in milliwatts, or `MISSING`; positive when the panel produces."""
    quality: NDArray[np.int16]
    """Bits of `shared.quality.Quality`."""

    def __len__(self) -> int:
        return len(self.panel)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return the readings at ``rows`` (a mask or indices), keeping ``panel_ids`` as it is."""
        return type(self)(self.panel_ids, *(getattr(self, name)[rows] for name in COLUMNS))


COLUMNS: Final = tuple(field.name for field in fields(Readings) if field.name != "panel_ids")
"""The names of the arrays of `Readings`, in order."""


def concatenate(parts: Sequence[Readings]) -> Readings:
    """Join batches into one; panels that occur in several are counted once.

    Args:
        parts: At least one batch.

    Returns:
        All readings in the order of ``parts``.
    """
    position: dict[str, int] = {}
    panel = []
    for part in parts:
        to_joint = [position.setdefault(panel_id, len(position)) for panel_id in part.panel_ids]
        panel.append(np.asarray(to_joint, np.int32)[part.panel])
    others = (np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS[1:])
    return Readings(tuple(position), np.concatenate(panel), *others)


def to_thousandths(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round public units to int32 thousandths; NaN becomes `MISSING`.

    Args:
        values: Values in degrees, volts, amperes or watts, any shape. Values beyond
            +-2,147,483 are clipped, so check limits first.
    """
    scaled = np.clip(np.rint(values * 1000.0), MISSING + 1, np.iinfo(np.int32).max)
    return np.where(np.isnan(scaled), MISSING, scaled).astype(np.int32)


def from_thousandths(values: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return public units from int32 thousandths; `MISSING` becomes NaN."""
    return np.where(values == MISSING, np.nan, values / 1000.0)
