"""Training: gradient boosting for the class, an isolation forest for what is like nothing known."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest

from models.train.rows import Rows, balanced, with_gaps

SEED: Final = 7

_MOST: Final = 2_500
_STAGES: Final = 40
_DEPTH: Final = 4
_LEAST_LEAF: Final = 20
_SUBSAMPLE: Final = 0.6
_FOREST: Final = 40
_SAMPLES: Final = 128
_LEAF: Final = 8.0
_RARE: Final = 0.999
_RIGHT: Final = 0.97
_SURE: Final = tuple(np.arange(0.4, 0.96, 0.05).round(2).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What training made."""

    classifier: GradientBoostingClassifier
    """Probability of each class."""
    forest: IsolationForest
    """How unusual."""
    thresholds: dict[str, float]
    """``name``: from what probability a name counts; ``novelty``: what one in a thousand has."""
    trained_on: Rows
    """What it was fitted to."""


def fit(rows: Rows, *, held_out: Rows, stages: int = _STAGES) -> Fitted:
    """Train, the same for the same rows.

    Args:
        rows: To fit to.
        held_out: Other sites, to choose thresholds on.
        stages: Trees for each class.
    """
    random = np.random.default_rng(SEED)
    chosen = with_gaps(balanced(rows, most=_MOST, random=random), random=random)
    classifier = GradientBoostingClassifier(
        n_estimators=stages,
        max_depth=_DEPTH,
        learning_rate=0.15,
        min_samples_leaf=_LEAST_LEAF,
        subsample=_SUBSAMPLE,
        max_features="sqrt",
        random_state=SEED,
    )
    filled = filled_in(chosen.features)
    classifier.fit(filled, chosen.number)
    _tame(classifier)
    forest = IsolationForest(n_estimators=_FOREST, max_samples=_SAMPLES, random_state=SEED)
    healthy = filled_in(rows.take(rows.number == 0).features)
    forest.fit(filled[chosen.number == 0])
    novelty = -forest.score_samples(healthy[:: max(1, len(healthy) // 20_000)])
    thresholds = {
        "name": _sure(classifier, held_out=held_out),
        "novelty": round(float(np.quantile(novelty, _RARE)), 4),
    }
    return Fitted(classifier, forest, thresholds, chosen)


def filled_in(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features with nothing missing: what is not known is taken as usual, 0."""
    return np.where(np.isfinite(features), features, np.float32(0.0)).astype(np.float32)


def _tame(classifier: GradientBoostingClassifier) -> None:
    """Bound what a leaf says: where a class is pure its value grows past single precision."""
    for tree in classifier.estimators_.ravel():
        value = tree.tree_.value
        np.clip(value, -_LEAF, _LEAF, out=value)


def _sure(classifier: GradientBoostingClassifier, *, held_out: Rows) -> float:
    """Return the probability from which a name is right nearly always, on other sites."""
    told = held_out.take(held_out.told & (held_out.number > 0))
    if not len(told.number):
        return float(_SURE[-1])
    probability = classifier.predict_proba(filled_in(told.features))
    best, most = classifier.classes_[probability.argmax(axis=1)], probability.max(axis=1)
    for threshold in _SURE:
        sure = most >= threshold
        if sure.any() and (best == told.number)[sure].mean() >= _RIGHT:
            return float(threshold)
    return float(_SURE[-1])
