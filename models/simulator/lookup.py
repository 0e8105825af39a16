"""Tables of volts and amperes over irradiance and cell temperature, read between the points.

The irradiance axis is spaced by its square root: voltage bends most in little light.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_IRRADIANCE: Final = 1600.0
LIGHT: Final = np.linspace(0.0, MAX_IRRADIANCE**0.5, 65)
CELSIUS: Final = np.linspace(-50.0, 120.0, 18)


class Spot:
    """Where points lie on the grid, found once and used for several tables."""

    def __init__(self, irradiance: Array, *, celsius: Array) -> None:
        row, self._across = _cell(np.sqrt(np.maximum(irradiance, 0.0)), axis=LIGHT)
        column, self._along = _cell(celsius, axis=CELSIUS)
        self._corner = row * len(CELSIUS) + column

    def read(self, table: Array) -> Array:
        """Interpolate a table of shape ``(len(LIGHT), len(CELSIUS))``."""
        flat, corner, along = table.ravel(), self._corner, self._along
        near = flat[corner]
        near += (flat[corner + 1] - near) * along
        corner = corner + len(CELSIUS)
        far = flat[corner]
        far += (flat[corner + 1] - far) * along
        far -= near
        far *= self._across
        near += far
        return np.asarray(near)

    def read_deep(self, table: Array, *, share: Array) -> Array:
        """Interpolate a table with a third axis that runs evenly from 0 to 1.

        Args:
            table: Shape ``(depth, len(LIGHT), len(CELSIUS))``.
            share: The place on the third axis.
        """
        layer, weight = _cell(np.clip(share, 0.0, 1.0), axis=np.linspace(0.0, 1.0, len(table)))
        size = len(LIGHT) * len(CELSIUS)
        deep = Spot.__new__(Spot)
        deep._across, deep._along = self._across, self._along  # noqa: SLF001 - the same class
        deep._corner = self._corner + layer * size  # noqa: SLF001
        near = deep.read(table)
        deep._corner = deep._corner + size  # noqa: SLF001
        return near + (deep.read(table) - near) * weight


def _cell(values: Array, *, axis: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the even axis' cell of each value, and how far into it the value lies, 0 to 1."""
    place = (values - axis[0]) * (1 / (axis[1] - axis[0]))
    np.clip(place, 0.0, len(axis) - 1.000001, out=place)
    cell = place.astype(np.intp)
    return cell, place - cell
