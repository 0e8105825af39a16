"""Places of the sun: cells by azimuth and elevation, or by the time of day where none is known."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import SKY_CELLS, SLOTS
from shared.sun import sun_position

_DAY_US: Final = 86_400_000_000
_AZIMUTHS: Final = 48
_ELEVATIONS: Final = SKY_CELLS // _AZIMUTHS
_ELEVATION_STEP: Final = 7.0
_QUARTERS: Final = 96
_REACH: Final = 2


@dataclass(frozen=True, slots=True)
class Sky:
    """The sky over a place."""

    latitude: float | None = None
    """Degrees north; None when not known."""
    longitude: float | None = None
    """Degrees east; None when not known."""

    def cells(self, time_us: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the cell the sun is in at each time, of the shape of ``time_us``."""
        time_us = np.asarray(time_us)
        if self.latitude is None or self.longitude is None:
            return (time_us % _DAY_US // (_DAY_US // _QUARTERS)).astype(np.intp)
        elevation, azimuth = sun_position(time_us, latitude=self.latitude, longitude=self.longitude)
        across = (azimuth // (360.0 / _AZIMUTHS)).astype(np.intp)
        up = np.clip(elevation // _ELEVATION_STEP, 0, _ELEVATIONS - 1).astype(np.intp)
        return np.asarray(across * _ELEVATIONS + up)

    def widened(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of shape ``(SKY_CELLS, panels)`` grown by half an hour either way."""
        if self.latitude is None or self.longitude is None:
            grown = cells.copy()
            for step in range(-_REACH, _REACH + 1):
                grown[:_QUARTERS] |= np.roll(cells[:_QUARTERS], step, axis=0)
            return grown
        grid = cells.reshape(_AZIMUTHS, _ELEVATIONS, -1)
        wide = grid | np.roll(grid, 1, axis=0) | np.roll(grid, -1, axis=0)
        higher, lower = np.zeros_like(wide), np.zeros_like(wide)
        higher[:, 1:], lower[:, :-1] = wide[:, :-1], wide[:, 1:]
        return np.asarray((wide | higher | lower).reshape(cells.shape))

    def described(self, cells: NDArray[np.bool_]) -> list[str]:
        """Return a mask of shape ``(SKY_CELLS,)`` in words: where the sun is, or when it is."""
        if self.latitude is None or self.longitude is None:
            return [
                f"{_clock(first)} to {_clock(end)} UTC" for first, end in _runs(cells[:_QUARTERS])
            ]
        grid, step = cells.reshape(_AZIMUTHS, _ELEVATIONS), 360.0 / _AZIMUTHS
        return [
            f"sun {up * _ELEVATION_STEP:g} to {(up + 1) * _ELEVATION_STEP:g} degrees high, "
            f"azimuth {first * step:g} to {end * step:g}"
            for up in range(_ELEVATIONS)
            for first, end in _runs(grid[:, up])
        ]


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the beginning and the end of each run."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


def slots(time_us: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the half-hour slot before each time, and how far it is on the way to the next.

    Slots are known at their middle; what lies between two of them is interpolated.
    """
    place = np.asarray(time_us) % _DAY_US / (_DAY_US / SLOTS) - 0.5
    before = np.floor(place)
    return (before % SLOTS).astype(np.intp), place - before
