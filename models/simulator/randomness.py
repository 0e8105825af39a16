"""Randomness by random access: the same place in time gives the same value, whoever asks when."""

from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

_LEVELS: Final = 65536
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_NORMAL: Final = ndtri((np.arange(_LEVELS) + 0.5) / _LEVELS)


def key_of(*parts: str | int) -> int:
    """Return the 64-bit key of a purpose, as in ``key_of(seed, "alpha", "clouds", day)``."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def generator(*parts: str | int) -> np.random.Generator:
    """Return the generator of a purpose, at its beginning."""
    return np.random.default_rng(key_of(*parts))


def bits(keys: NDArray[np.uint64], *, places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 64 random bits for each key and place (splitmix64).

    Args:
        keys: Any shape that broadcasts against ``places``.
        places: Whole numbers, such as milliseconds since 1970.
    """
    mixed = np.asarray(keys + places.astype(np.uint64) * _STEP)
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


def normals(random: NDArray[np.uint64], *, channel: int) -> NDArray[np.float64]:
    """Return standard normal numbers from 16 of the bits; ``channel`` is 0 to 3."""
    values: NDArray[np.float64] = _NORMAL[_part(random, channel=channel)]
    return values


def uniforms(random: NDArray[np.uint64], *, channel: int) -> NDArray[np.float64]:
    """Return numbers in ``[0, 1)`` from 16 of the bits; ``channel`` is 0 to 3."""
    return _part(random, channel=channel) / _LEVELS


def drift(key: int, *, time_s: NDArray[np.float64], period_s: float) -> NDArray[np.float64]:
    """Return a slow continuous wander of about unit variance at its nodes.

    Args:
        key: From `key_of`.
        time_s: Seconds since 1970, in increasing order, shape ``(n,)``.
        period_s: Seconds between the independent nodes; straight lines lie between them.
    """
    nodes = np.arange(int(time_s[0] // period_s), int(time_s[-1] // period_s) + 2)
    heights = normals(bits(np.uint64(key), places=nodes), channel=0)  # type: ignore[arg-type] # a scalar broadcasts
    return np.interp(time_s, nodes * period_s, heights)


def _part(random: NDArray[np.uint64], *, channel: int) -> NDArray[Any]:
    return (random >> np.uint64(16 * channel)) & np.uint64(_LEVELS - 1)
