"""What a trained model makes of what the rules have found: they say that, it says what."""

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.faults.kinds import NOTHING, NUMBER, UNNAMED
from edge_agent.detect.model import Model, Scores
from edge_agent.errors import ModelError
from shared.vectors import NAMES

Array = NDArray[np.float64]

_OTHERS_TELL: Final = frozenset({"zero_power", "flatline"})
_NO_FAULT: Final = frozenset({"healthy", "clipping"})
_NO_OPINION: Final = -3
_NEEDED: Final = [NAMES.index("volts"), NAMES.index("amperes")]

_log = logging.getLogger(__name__)


class Opinion:
    """Asks the model, and goes on without it when it fails.

    Args:
        model: The model; None leaves the rules alone.
    """

    def __init__(self, model: Model | None) -> None:
        self._model = model
        self.trouble: str | None = None
        """Why the model was given up; None while all is well."""
        classes = () if model is None else model.classes
        self._kinds = np.array([_kind(name) for name in classes], np.int8)
        self._healthy = classes.index("healthy") if "healthy" in classes else _NO_OPINION

    @property
    def version(self) -> str | None:
        """Return the version of the model that is asked; None without one."""
        return None if self._model is None else self._model.version

    def score(self, features: NDArray[np.float32]) -> Scores | None:
        """Return what the model says of each row; NaN for rows of which nothing is known."""
        if self._model is None:
            return None
        try:
            scores = self._model.score(features)
        except ModelError as error:
            _log.error("faults are named by rules alone: %s", error)
            self._model, self.trouble = None, str(error)
            return None
        unknown = np.asarray(np.isnan(features).all(axis=1))
        probability = np.where(unknown[:, np.newaxis], np.nan, scores.probability)
        return Scores(probability, np.where(unknown, np.nan, scores.novelty))

    def renamed(
        self, named: NDArray[np.int8], *, features: NDArray[np.float32], scores: Scores | None
    ) -> NDArray[np.int8]:
        """Return the rules' names, with the model's in their place where it is sure.

        Without a panel's voltage or current its faults look alike, and the rules say less. What an
        instant rule tells keeps no name: power in kilowatts looks like nothing a model was shown.

        Args:
            named: The kind of fault of each panel by the rules; where they see none, or one that
                another rule tells, none is told.
            features: What the model was given, as in `shared.vectors`.
            scores: What the model says.
        """
        if scores is None or self._model is None:
            return named
        probability = np.nan_to_num(scores.probability)
        best = probability.argmax(axis=1)
        kind = self._kinds[best]
        sure = probability.max(axis=1) >= self._model.thresholds["name"]
        sure &= (
            ~np.isin(named, (NOTHING, UNNAMED)) & (kind != _NO_OPINION) & (best != self._healthy)
        )
        sure &= ~np.isnan(features[:, _NEEDED]).any(axis=1)
        return np.where(sure, kind, named).astype(np.int8)

    def likely(self, named: NDArray[np.int8], *, scores: Scores | None) -> Array:
        """Return how likely the model finds each panel's name, shape ``(panels,)``.

        NaN without a model; 0 for names it does not know.
        """
        if scores is None or self._model is None:
            return np.full(len(named), np.nan)
        of_name = np.where(self._kinds == named[:, np.newaxis], scores.probability, 0.0)
        unknown = np.isnan(scores.probability).all(axis=1)
        return np.where(unknown, np.nan, of_name.sum(axis=1))

    def novel(self, scores: Scores | None, *, panels: int) -> NDArray[np.bool_]:
        """Return which panels look like hardly anything in training, shape ``(panels,)``."""
        if scores is None or self._model is None or "novelty" not in self._model.thresholds:
            return np.zeros(panels, np.bool_)
        return np.asarray(np.nan_to_num(scores.novelty) >= self._model.thresholds["novelty"])


def named_by(
    model: Model, *, features: NDArray[np.float32], ruled: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Return what would be said of each panel with a model, as `Opinion` says it.

    Args:
        model: Asked once.
        features: As `Opinion.score` takes them.
        ruled: What the rules alone say.

    Raises:
        ModelError: The model fails.
    """
    scores = model.score(features)
    return Opinion(model).renamed(ruled, features=features, scores=scores)


def _kind(name: str) -> int:
    if name in _NO_FAULT:
        return NOTHING
    return UNNAMED if name in _OTHERS_TELL else NUMBER.get(name, _NO_OPINION)
