"""Tables of volts and amperes over irradiance and cell temperature, read between the points.

The irradiance axis is spaced by its square root: voltage bends most in little light.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_IRRADIANCE: Final = 1600.0
LIGHT: Final = np.linspace(0.0, MAX_IRRADIANCE**0.5, 65)
CELSIUS: Final = np.linspace(-50.0, 120.0, 18)


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Where points lie on the grid, found once and used for several tables."""

    corner: NDArray[np.intp]
    """Index of the corner before each point, in the flattened table."""
    across: Array
    """How far the point lies towards the next irradiance, 0 to 1."""
    along: Array
    """How far the point lies towards the next temperature, 0 to 1."""

    @classmethod
    def of(cls, irradiance: Array, *, celsius: Array) -> Self:
        """Find points; those beyond the grid are put to its edge."""
        row, across = _cell(np.sqrt(np.maximum(irradiance, 0.0)), axis=LIGHT)
        column, along = _cell(celsius, axis=CELSIUS)
        return cls(row * len(CELSIUS) + column, across, along)

    def read(self, table: Array) -> Array:
        """Interpolate a table of shape ``(len(LIGHT), len(CELSIUS))``."""
        flat, next_row = table.ravel(), self.corner + len(CELSIUS)
        near = flat[self.corner]
        near += (flat[self.corner + 1] - near) * self.along
        far = flat[next_row]
        far += (flat[next_row + 1] - far) * self.along
        return np.asarray(near + (far - near) * self.across)

    def read_deep(self, table: Array, *, share: Array) -> Array:
        """Interpolate a table with a third axis that runs evenly from 0 to 1.

        Args:
            table: Shape ``(depth, len(LIGHT), len(CELSIUS))``.
            share: The place on the third axis.
        """
        layer, weight = _cell(np.clip(share, 0.0, 1.0), axis=np.linspace(0.0, 1.0, len(table)))
        size = len(LIGHT) * len(CELSIUS)
        near = replace(self, corner=self.corner + layer * size)
        far = replace(self, corner=near.corner + size)
        below = near.read(table)
        return below + (far.read(table) - below) * weight


def _cell(values: Array, *, axis: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the even axis' cell of each value, and how far into it the value lies, 0 to 1."""
    place = (values - axis[0]) * (1 / (axis[1] - axis[0]))
    np.clip(place, 0.0, len(axis) - 1.000001, out=place)
    cell = place.astype(np.intp)
    return cell, place - cell
