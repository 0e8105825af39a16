"""How much healthy panels wander: what a deviation must exceed to be told."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import FEATURES, HORIZONS_S, TOLERANCE, Baseline
from shared.features import Deviations
from shared.horizons import judged, lengths, noise_of, parts
from shared.peers import nan_median

Array = NDArray[np.float64]

_SIGMA: Final = 1.4826
_TAIL: Final = (0.97, 2.17)
_FAR: Final = 0.97
_ALIKE: Final = (0.7, 1.5)
_LEAST_SIGMA: Final = 0.7
_LEAST_ROWS: Final = 30
_WIDEST: Final = 3.0
_DAILY_FLOOR: Final = 0.006
_FEW_DAYS: Final = 3


def wandering(
    found: Deviations,
    *,
    clear: NDArray[np.bool_],
    time_us: NDArray[np.int64],
    group: NDArray[np.int32],
) -> tuple[Array, Array]:
    """Return how the scores of healthy days spread, and the deviations that are usual there.

    Args:
        found: Deviations of fault-free days, shape ``(n, panels)``.
        clear: Rows in sun and not in usual shade, of that shape.
        time_us: Increasing, shape ``(n,)``.
        group: Panels of one number are siblings.

    Returns:
        ``sigma`` and ``tolerance`` as in `Baseline`.
    """
    deviation = np.where(clear, found.stacked(), np.nan)
    noise = noise_of(deviation, group=group)
    step_us = int(np.median(np.diff(time_us))) if len(time_us) > 1 else 300_000_000
    shape = (len(HORIZONS_S), len(FEATURES), clear.shape[1])
    sigma, tolerance = np.empty(shape), np.empty(shape)
    for feature in range(len(FEATURES)):
        # One after the other: the sums of all at once are what a gateway has no memory for.
        mine = slice(feature, feature + 1)
        pieces = parts(deviation[mine], noise=noise[mine], first=feature)
        total = np.cumsum(np.pad(pieces, ((0, 0), (0, 0), (1, 0), (0, 0))), axis=2)
        for number, wanted in enumerate(lengths(step_us)):
            length = min(wanted, len(time_us))
            sums = total[:, :, length:] - total[:, :, :-length]
            now = ~np.isnan(deviation[mine, length - 1 :])
            mean, z, _ = judged(sums, length=length, now=now, share=1.0)
            high = _high(np.abs(z), share=_TAIL[0], group=group) / _TAIL[1]
            sigma[number, feature] = high[0]
            tolerance[number, feature] = _high(np.abs(mean), share=_FAR, group=group)[0]
    cold = Baseline.cold(("",))
    sigma = np.where(np.isnan(sigma), cold.sigma, np.maximum(sigma, _LEAST_SIGMA))
    least = np.array(TOLERANCE)[:, :, np.newaxis]
    bounded = np.clip(tolerance, least, _WIDEST * least)
    return sigma, np.where(np.isnan(tolerance), cold.tolerance, bounded)


def _high(size: Array, *, share: float, group: NDArray[np.int32]) -> Array:
    """Return what is rarely exceeded, shape ``(features, panels)``.

    One bad day must not make a panel deaf: it stays near to what its siblings have.
    """
    ordered = np.sort(size, axis=1)
    known = np.count_nonzero(~np.isnan(ordered), axis=1, keepdims=True)
    at = np.floor(share * np.maximum(known - 1, 0)).astype(np.intp)
    high = np.take_along_axis(ordered, at, axis=1)[:, 0]
    high = np.where(known[:, 0] >= _LEAST_ROWS, high, np.nan)
    least, most = _ALIKE
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        usual = nan_median(high[:, members], axis=1)[:, np.newaxis]
        high[:, members] = np.clip(high[:, members], least * usual, most * usual)
    return np.asarray(high)


def daily_losses(
    found: Deviations, *, power: Array, clear: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> Array:
    """Return of some rows energy against siblings less 1, and the voltage: ``(2, panels)``."""
    usable = (clear & ~np.isnan(power) & ~np.isnan(found.expected_watts))[rows]
    made = np.where(usable, power[rows], 0.0).sum(axis=0)
    expected = np.where(usable, found.expected_watts[rows], 0.0).sum(axis=0)
    enough = usable.sum(axis=0) * 4 >= max(1, int(found.sun[rows].any(axis=1).sum()))
    ratio = made / np.where(expected > 0, expected, np.nan) - 1
    visible = np.where(clear, found.volts, np.nan)[rows]
    return np.stack([np.where(enough, ratio, np.nan), nan_median(visible, axis=0)])


def daily_wandering(
    found: Deviations, *, power: Array, clear: NDArray[np.bool_], day: NDArray[np.int32]
) -> Array:
    """Return the robust standard deviations of `daily_losses`, infinite for too few days."""
    losses = np.stack(
        [
            daily_losses(found, power=power, clear=clear, rows=day == number)
            for number in np.unique(day)
        ],
        axis=1,
    )
    sigma = _SIGMA * nan_median(np.abs(losses), axis=1)
    few = np.count_nonzero(~np.isnan(losses), axis=1) < _FEW_DAYS
    usual = np.where(few, np.nan, sigma)
    common = nan_median(usual, axis=1)[:, np.newaxis]
    least, most = _ALIKE
    bounded = np.maximum(np.clip(usual, least * common, most * common), _DAILY_FLOOR)
    return np.where(np.isnan(bounded), np.inf, bounded)


def days_known(known: NDArray[np.bool_], *, day: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return on how many days each panel was seen."""
    counted = [known[day == number].any(axis=0) for number in np.unique(day)]
    return np.asarray(np.sum(counted, axis=0), np.int32)
