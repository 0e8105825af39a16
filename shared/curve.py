"""The voltage a panel should have at its temperature and current: ``V ~ f(T, ln I)``.

A module at its maximum power point is a diode with resistance: voltage falls with temperature,
rises with the logarithm of the current, and falls with the current. No irradiance is needed, and
whatever scale the panel has, module or string, drops out.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import CURVE

Array = NDArray[np.float64]

_LEAST_SHARE: Final = 0.05
_ROUNDS: Final = 6
_TUKEY: Final = 4.685
_SIGMA: Final = 1.4826
_LEAST_ROWS: Final = 40
_RIDGE: Final = 1e-3
_LEAST_SIGMA: Final = 0.001


def terms(celsius: Array, *, share: Array) -> Array:
    """Return the curve's terms, shape ``(..., CURVE)``.

    Args:
        celsius: Module temperature; NaN where unknown, which leaves its terms out.
        share: Current against the panel's usual current in sun.
    """
    warm = np.where(np.isnan(celsius), 0.0, (celsius - 25.0) / 25.0)
    usable = np.where(share > _LEAST_SHARE, share, np.nan)
    level = np.log(usable)
    return np.stack([np.ones_like(level), warm, level, usable - 1.0, warm * level], axis=-1)


def expected_volts(curve: Array, *, celsius: Array, amperes: Array, scale: Array) -> Array:
    """Return the expected voltage, NaN in the dark and where the curve is unknown.

    Args:
        curve: Shape ``(CURVE, panels)``.
        celsius: Shape ``(..., panels)``.
        amperes: Of that shape.
        scale: Usual volts and amperes, shape ``(2, panels)``.
    """
    found = terms(celsius, share=amperes / scale[1])
    share: Array = np.einsum("...pc,cp->...p", found, curve)
    return np.asarray(share * scale[0])


def fit_curve(
    volts: Array, *, celsius: Array, amperes: Array, scale: Array, prior: Array | None = None
) -> Array:
    """Fit each panel's curve robustly (Tukey's biweight).

    Args:
        volts: Shape ``(n, panels)``; NaN is left out.
        celsius: Of that shape.
        amperes: Of that shape.
        scale: Usual volts and amperes, shape ``(2, panels)``.
        prior: Coefficients to stay near to, shape ``(CURVE,)``; none means all siblings' together.

    Returns:
        Shape ``(CURVE, panels)``; NaN for panels with fewer than 40 usable rows.
    """
    found = terms(celsius, share=amperes / scale[1])
    target = volts / scale[0]
    known = ~np.isnan(found).any(axis=-1) & ~np.isnan(target)
    found, target = np.where(known[..., np.newaxis], found, 0.0), np.where(known, target, 0.0)
    enough = known.sum(axis=0) >= _LEAST_ROWS
    if prior is None:
        prior = _solve(found, target=target, known=known & enough, prior=None)
    own = _solve(found, target=target, known=known, prior=prior)
    return np.where(enough, own.T, np.nan)


def _solve(found: Array, *, target: Array, known: NDArray[np.bool_], prior: Array | None) -> Array:
    """Return coefficients by reweighted least squares, of each panel or, without prior, of all."""
    pooled = prior is None
    axes = "npi,np,npj->ij" if pooled else "npi,np,npj->pij"
    right = "npi,np->i" if pooled else "npi,np->pi"
    anchor = np.eye(CURVE)[0] if prior is None else prior
    weight = known.astype(np.float64)
    result = np.zeros(CURVE)
    for _ in range(_ROUNDS):
        ridge = _RIDGE * np.maximum(weight.sum(axis=None if pooled else 0), 1.0)
        keep = ridge * np.eye(CURVE) if pooled else ridge[:, None, None] * np.eye(CURVE)
        left = np.einsum(axes, found, weight, found) + keep
        pull = ridge * anchor if pooled else ridge[:, None] * anchor
        aim = np.einsum(right, found, weight * target) + pull
        result = np.linalg.solve(left, aim[..., np.newaxis])[..., 0]
        fitted = found @ result if pooled else np.einsum("npi,pi->np", found, result)
        residual = np.where(known, target - fitted, np.nan)
        weight = _biweight(residual, pooled=pooled)
    return np.asarray(result)


def _biweight(residual: Array, *, pooled: bool) -> Array:
    size = np.abs(residual)
    filled = np.where(np.isnan(size).all(axis=0), 0.0, size)
    middle = np.nanmedian(filled) if pooled else np.nanmedian(filled, axis=0)
    sigma = np.maximum(_SIGMA * middle, _LEAST_SIGMA)
    scaled = np.nan_to_num(residual / (_TUKEY * sigma), nan=2.0)
    return np.where(np.abs(scaled) < 1, (1 - scaled**2) ** 2, 0.0)
