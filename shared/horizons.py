"""Deviations over minutes and hours: a mean weighted by how noisy each moment was.

What the siblings' deviations spread at a moment says how far one of them may be trusted then:
under broken clouds a tenth is nothing, under a clear sky it is a fault.
"""

from dataclasses import dataclass
from typing import Any, Final

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
_AT_ONCE: Final = 250
_LOUDEST: Final = float(np.finfo(np.float16).max)
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
    return np.asarray(weighed(tamed(deviation, noise=noise, first=first), noise=noise, first=first))


def tamed(deviation: Array, *, noise: Array, first: int = 0) -> Array:
    """Return deviations cut where they are wild: one must not outweigh an hour; as `parts`."""
    most = np.maximum(_WILD * noise, _by_feature(_MOST[first:], like=noise))
    return np.clip(deviation, -most, most)


def weighed(tame: NDArray[Any], *, noise: NDArray[Any], first: int = 0) -> NDArray[Any]:
    """Return what `parts` does of deviations that are tame; in single precision if they are."""
    known = ~np.isnan(tame)
    weight = np.where(known, 1 / noise**2, 0)
    told = np.where(known, tame, 0)
    leaning = np.where(np.abs(told) > _by_feature(_HALF[first:], like=told), np.sign(told), 0)
    return np.stack([weight, weight * told, known, leaning])


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


def _by_feature(values: Array, *, like: NDArray[Any]) -> NDArray[Any]:
    return values[: len(like)].reshape(-1, *([1] * (like.ndim - 1))).astype(like.dtype)


class Horizons:
    """Keeps the last two hours of deviations, and sums them over each horizon.

    Only the deviations are kept, in single precision, and their noise, in half: two hours of a
    thousand panels are what a gateway has memory for. The weights are computed again each time.
    """

    def __init__(self, width_us: int) -> None:
        self.lengths = lengths(width_us)
        self._share = min(1.0, width_us / BLOCK_US)
        self._width_us = width_us
        self._tame = np.empty((max(self.lengths), _FEATURES, 0), np.float32)
        self._noise = np.empty((max(self.lengths), _FEATURES, 0), np.float16)
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
            self._advance(np.nan, noise=1.0)
        self._advance(tamed(deviation, noise=noise), noise=np.minimum(noise, _LOUDEST))
        now = ~np.isnan(deviation)
        found = [
            judged(sums, length=length, now=now, share=self._share)
            for sums, length in zip(self._sums(), self.lengths, strict=True)
        ]
        mean, z, agreed = (np.stack(each) for each in zip(*found, strict=True))
        return Judged(mean, z, agreed.astype(np.bool_))

    def forget(self, panels: NDArray[np.bool_]) -> None:
        """Forget what was seen of some panels, by mask."""
        if panels.any():
            self._grow(len(panels))
            self._tame[..., panels] = np.nan

    def _sums(self) -> Array:
        """Return the sums of `parts` over each horizon, ``(horizons, 4, features, panels)``."""
        newest = (self._place - 1 - np.arange(len(self._tame))) % len(self._tame)
        sums = np.empty((len(self.lengths), 4, *self._tame.shape[1:]))
        for first in range(0, sums.shape[-1], _AT_ONCE):
            # Some after the others: the weights of all at once are what is not to be kept.
            some = slice(first, first + _AT_ONCE)
            for feature in range(_FEATURES):
                mine = slice(feature, feature + 1)
                pieces = weighed(
                    self._tame[:, mine, some].swapaxes(0, 1),
                    noise=self._noise[:, mine, some].swapaxes(0, 1).astype(np.float32),
                    first=feature,
                )[:, 0]
                for number, length in enumerate(self.lengths):
                    told = pieces if length == len(newest) else pieces[:, newest[:length]]
                    sums[number, :, feature, some] = told.sum(axis=1, dtype=np.float64)
        return sums

    def _advance(self, tame: Array | float, *, noise: Array | float) -> None:
        self._tame[self._place], self._noise[self._place] = tame, noise
        self._place = (self._place + 1) % len(self._tame)

    def _skipped(self, end_us: int) -> int:
        passed = 1 if self._end_us is None else (end_us - self._end_us) // self._width_us
        self._end_us = end_us
        return int(min(passed - 1, len(self._tame)))

    def _grow(self, panels: int) -> None:
        more = panels - self._tame.shape[2]
        if more > 0:
            pad = ((0, 0), (0, 0), (0, more))
            self._tame = np.pad(self._tame, pad, constant_values=np.nan)
            self._noise = np.pad(self._noise, pad, constant_values=1.0)
