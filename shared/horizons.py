"""Deviations over minutes and hours: a mean weighted by how noisy each moment was.

What the siblings' deviations spread at a moment says how far one of them may be trusted then:
under broken clouds a tenth is nothing, under a clear sky it is a fault.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import FEATURES, HORIZONS_S, NOISE, TOLERANCE
from shared.history import BLOCK_US
from shared.peers import group_spread

Array = NDArray[np.float64]

_LEAST_WINDOWS: Final = (2, 4, 8)
_KNOWN: Final = 0.6
_FEATURES: Final = len(FEATURES)
_WILD: Final = 12.0
_MOST: Final = 2.5 * np.array(TOLERANCE)[0]
_HALF: Final = 0.5 * np.array(TOLERANCE)[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Deviations over each horizon, shape ``(len(HORIZONS_S), len(FEATURES), panels)``."""

    mean: Array
    """NaN where too little was seen, or when nothing was seen now."""
    z: Array
    """Against its standard error, had it none of its own wandering."""
    agreed: NDArray[np.bool_]
    """Most of the horizon deviates in the same direction."""


def lengths(width_us: int) -> tuple[int, ...]:
    """Return how many windows make each horizon; two at least, so that nothing is told of one."""
    return tuple(
        max(least, round(seconds * 1_000_000 / width_us))
        for least, seconds in zip(_LEAST_WINDOWS, HORIZONS_S, strict=True)
    )


def noise_of(deviation: Array, *, group: NDArray[np.int32]) -> Array:
    """Return the noise of each deviation: what its siblings spread, and never too little.

    Args:
        deviation: Shape ``(features, ..., panels)``.
        group: Panels of one number are siblings.
    """
    least = _by_feature(np.array(NOISE), like=deviation)
    return np.asarray(np.maximum(group_spread(deviation, group=group), least))


def parts(deviation: Array, *, noise: Array, first: int = 0) -> Array:
    """Return what is summed over a horizon: weight, weighted deviation, count, direction.

    Args:
        deviation: Shape ``(features, ..., panels)``; NaN is left out.
        noise: Of that shape.
        first: Which feature the first of them is.

    Returns:
        Shape ``(4, features, ..., panels)``.
    """
    known = ~np.isnan(deviation)
    weight = np.where(known, 1.0 / noise**2, 0.0)
    most = np.maximum(_WILD * noise, _by_feature(_MOST[first:], like=noise))
    tame = np.clip(np.where(known, deviation, 0.0), -most, most)
    leaning = np.where(
        known & (np.abs(tame) > _by_feature(_HALF[first:], like=tame)), np.sign(tame), 0.0
    )
    return np.stack([weight, weight * tame, known, leaning])


def judged(sums: Array, *, length: int, now: NDArray[np.bool_], share: float) -> tuple[Array, ...]:
    """Return mean, z and agreement of sums of `parts` over one horizon.

    Args:
        sums: Shape ``(4, features, panels)``.
        length: How many windows the horizon has.
        now: Where something is known right now.
        share: What part of an independent look at the panel a window is.
    """
    weight, weighted, count, leaning = sums
    usable = now & (count >= max(min(2, length), _KNOWN * length)) & (weight > 0)
    mean = np.where(usable, weighted / np.where(usable, weight, 1.0), np.nan)
    z = mean * np.sqrt(np.maximum(weight, 0.0) * share)
    return mean, z, usable & (leaning * np.sign(weighted) > 0.5 * count)


def _by_feature(values: Array, *, like: Array) -> Array:
    return values[: len(like)].reshape(-1, *([1] * (like.ndim - 1)))


class Horizons:
    """Keeps the last two hours of deviations, and their sums over each horizon."""

    def __init__(self, width_us: int) -> None:
        self.lengths = lengths(width_us)
        self._share = min(1.0, width_us / BLOCK_US)
        self._width_us = width_us
        # Single precision: two hours of a thousand panels are what a gateway has memory for.
        self._ring = np.zeros((max(self.lengths), 4, _FEATURES, 0), np.float32)
        self._place = 0
        self._end_us: int | None = None

    def step(self, deviation: Array, *, noise: Array, end_us: int) -> Judged:
        """Take in the deviations of a window that ends later than the ones before.

        Args:
            deviation: Shape ``(features, panels)``; NaN where nothing can be told.
            noise: Of that shape.
            end_us: Microseconds since 1970.
        """
        self._grow(deviation.shape[1])
        for _ in range(self._skipped(end_us)):
            self._advance(0.0)
        self._advance(parts(deviation, noise=noise))
        now = ~np.isnan(deviation)
        found = [
            judged(self._sums(length), length=length, now=now, share=self._share)
            for length in self.lengths
        ]
        mean, z, agreed = (np.stack(each) for each in zip(*found, strict=True))
        return Judged(mean, z, agreed.astype(np.bool_))

    def forget(self, panels: NDArray[np.bool_]) -> None:
        """Forget what was seen of some panels, by mask."""
        if panels.any():
            self._grow(len(panels))
            self._ring[..., panels] = 0.0

    def _sums(self, length: int) -> Array:
        """Return the sums over the newest windows, without a copy of all of them."""
        newest = (self._place - 1 - np.arange(length)) % len(self._ring)
        rows = self._ring if length == len(self._ring) else self._ring[newest]
        return np.asarray(rows.sum(axis=0, dtype=np.float64))

    def _advance(self, value: Array | float) -> None:
        self._ring[self._place] = value
        self._place = (self._place + 1) % len(self._ring)

    def _skipped(self, end_us: int) -> int:
        passed = 1 if self._end_us is None else (end_us - self._end_us) // self._width_us
        self._end_us = end_us
        return int(min(passed - 1, len(self._ring)))

    def _grow(self, panels: int) -> None:
        more = panels - self._ring.shape[3]
        if more > 0:
            self._ring = np.pad(self._ring, ((0, 0), (0, 0), (0, 0), (0, more)))
