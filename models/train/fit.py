"""Training: a small neural network for the class, an isolation forest for what is unlike all else.

Both see deviations on one scale: some hundredths of the power and two degrees count as one, and
what is far away is drawn nearer, so that no wild value decides. The network is also shown the
voltage about a third less magnified: a shorted diode and a shadow differ there by a hundredth.
"""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from models.train.rows import Rows, balanced, with_gaps
from shared.baselines import FEATURES
from shared.vectors import NAMES

SEED: Final = 7

_MOST: Final = 2_500
_ROUNDS: Final = 60
_LAYERS: Final = (48, 24)
_DECAY: Final = 1e-2
_BATCH: Final = 200
_FOREST: Final = 40
_SAMPLES: Final = 64
_RARE: Final = 0.999
_RIGHT: Final = 0.97
_SURE: Final = tuple(np.arange(0.4, 0.96, 0.05).round(2).tolist())

_DEVIATIONS: Final = (0.02, 0.03, 0.03, 2.0, 0.02, 0.02)
"""What counts as one, in the order of `FEATURES`."""
_OTHERS: Final = {
    "light": 0.3,
    "power": 0.3,
    "current": 0.3,
    "resistance": 0.05,
    "still": 1.0,
    "still_volts_minutes": 5.0,
}
SCALE: Final = np.array(
    [
        _OTHERS.get(name) or _DEVIATIONS[FEATURES.index(name.removesuffix("_15_minutes"))]
        for name in NAMES
    ],
    np.float32,
)
"""What counts as one of each feature, shape ``(len(NAMES),)``."""
MAGNIFIED: Final = [NAMES.index(name) for name in ("volts", "volts_peer", "volts_15_minutes")]
"""The features of which the network is shown more, about `THIRD`."""
THIRD: Final = -0.34
"""The voltage that is missing where a third of a module is bypassed."""
NEAR: Final = 0.01
"""What counts as one there."""
REACH: Final = 4.0
"""How far it is looked at, in those."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What training made."""

    classifier: MLPClassifier
    """Probability of each class; takes `magnified` features."""
    forest: IsolationForest
    """How unusual; takes `scaled` features."""
    thresholds: dict[str, float]
    """``name``: from what probability a name counts; ``novelty``: what one in a thousand has."""
    trained_on: Rows
    """What it was fitted to."""


def fit(rows: Rows, *, held_out: Rows, rounds: int = _ROUNDS) -> Fitted:
    """Train, the same for the same rows.

    Args:
        rows: To fit to.
        held_out: Other sites, to choose thresholds on.
        rounds: How often all rows are gone through.
    """
    random = np.random.default_rng(SEED)
    chosen = with_gaps(balanced(rows, most=_MOST, random=random), random=random)
    classifier = MLPClassifier(
        _LAYERS, alpha=_DECAY, batch_size=_BATCH, max_iter=rounds, random_state=SEED
    )
    near = scaled(chosen.features)
    with warnings.catch_warnings():
        # It stops after its rounds, not when nothing gets better any more: that is meant.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(magnified(chosen.features), chosen.number)
    forest = IsolationForest(n_estimators=_FOREST, max_samples=_SAMPLES, random_state=SEED)
    forest.fit(near[chosen.number == 0])
    healthy = scaled(rows.take(rows.number == 0).features)
    novelty = -forest.score_samples(healthy[:: max(1, len(healthy) // 20_000)])
    thresholds = {
        "name": _sure(classifier, held_out=held_out),
        "novelty": round(float(np.quantile(novelty, _RARE)), 4),
    }
    return Fitted(classifier, forest, thresholds, chosen)


def filled_in(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features with nothing missing: what is not known is taken as usual, 0."""
    return np.where(np.isfinite(features), features, np.float32(0.0)).astype(np.float32)


def scaled(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features on one scale: nothing missing, nothing far away."""
    return np.asarray(np.arcsinh(filled_in(features) / SCALE), np.float32)


def magnified(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features on one scale, and once more the voltages about a third less."""
    near = (filled_in(features)[:, MAGNIFIED] - THIRD) / NEAR
    return np.column_stack([scaled(features), np.clip(near, -REACH, REACH)]).astype(np.float32)


def _sure(classifier: MLPClassifier, *, held_out: Rows) -> float:
    """Return the probability from which a name is right nearly always, on other sites."""
    told = held_out.take(held_out.told & (held_out.number > 0))
    if not len(told.number):
        return float(_SURE[-1])
    probability = classifier.predict_proba(magnified(told.features))
    best, most = classifier.classes_[probability.argmax(axis=1)], probability.max(axis=1)
    for threshold in _SURE:
        sure = most >= threshold
        if sure.any() and (best == told.number)[sure].mean() >= _RIGHT:
            return float(threshold)
    return float(_SURE[-1])
