"""One ONNX file of both estimators: the features go in once, probability and novelty come out."""

import json
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, compose, helper
from skl2onnx import to_onnx

from models.train.fit import (
    MAGNIFIED,
    NEAR,
    REACH,
    SCALE,
    THIRD,
    Fitted,
    filled_in,
    magnified,
    scaled,
)
from models.train.rows import Rows
from models.train.scenes import CLASSES
from models.train.trees import forest_nodes
from shared.vectors import NAMES

_OPSET: Final = {"": 17, "ai.onnx.ml": 3}
_IR: Final = 8
_GOLDEN: Final = 3


def model_bytes(fitted: Fitted, *, version: str, training_sha256: str) -> bytes:
    """Return the file, metadata and golden rows included.

    Args:
        fitted: What was trained.
        version: As in ``2026.11.1``.
        training_sha256: Hash of what it was trained on.
    """
    model = _graph(fitted)
    rows = _golden_rows(fitted.trained_on)
    probability, novelty = _answers(model, features=filled_in(rows))
    metadata = {
        "version": version,
        "features": json.dumps(NAMES),
        "classes": json.dumps(_classes(fitted)),
        "thresholds": json.dumps(fitted.thresholds),
        "fill": json.dumps(dict.fromkeys(NAMES, 0.0)),
        "training_sha256": training_sha256,
        "golden": json.dumps(
            {
                "features": _listed(rows),
                "probability": _listed(probability),
                "novelty": _listed(novelty),
            }
        ),
    }
    for name, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"heliograph.{name}", value
    return bytes(model.SerializeToString(deterministic=True))


def parity(data: bytes, *, fitted: Fitted, rows: Rows) -> float:
    """Return how far the file's answers are from the estimators' at most."""
    probability, novelty = _run(data, features=filled_in(rows.features))
    named = fitted.classifier.predict_proba(magnified(rows.features))
    unusual = -fitted.forest.score_samples(scaled(rows.features))
    return max(
        float(np.abs(probability - named).max()),
        float(np.abs(novelty - unusual).max()),
    )


def _classes(fitted: Fitted) -> list[str]:
    return [CLASSES[number] for number in fitted.classifier.classes_.tolist()]


def _graph(fitted: Fitted) -> ModelProto:
    sample = np.zeros((1, len(NAMES) + len(MAGNIFIED)), np.float32)
    options = {id(fitted.classifier): {"zipmap": False}}
    namer = to_onnx(fitted.classifier, sample, target_opset=_OPSET, options=options)
    part = _renamed(namer, prefix="class_")
    unlike, constants = forest_nodes(fitted.forest, scale=SCALE, taken="features", told="novelty")
    prepared, numbers = _magnifying()
    nodes = [
        *prepared,
        *part.graph.node,
        helper.make_node("Identity", ["class_probabilities"], ["probability"]),
        *unlike,
    ]
    float_ = TensorProto.FLOAT
    classes = len(fitted.classifier.classes_)
    graph = helper.make_graph(
        nodes,
        "heliograph",
        [helper.make_tensor_value_info("features", float_, [None, len(NAMES)])],
        [
            helper.make_tensor_value_info("probability", float_, [None, classes]),
            helper.make_tensor_value_info("novelty", float_, [None]),
        ],
        [*numbers, *part.graph.initializer, *constants],
    )
    sets = [helper.make_opsetid(domain, number) for domain, number in _OPSET.items()]
    return helper.make_model(graph, opset_imports=sets, ir_version=_IR, producer_name="heliograph")


def _magnifying() -> tuple[list[NodeProto], list[TensorProto]]:
    """Return what does as `models.train.fit.magnified`, from ``features`` to ``magnified``."""
    nodes = [
        helper.make_node("Div", ["features", "scale"], ["shares"]),
        helper.make_node("Asinh", ["shares"], ["scaled"]),
        helper.make_node("Gather", ["features", "columns"], ["volts"], axis=1),
        helper.make_node("Sub", ["volts", "third"], ["apart"]),
        helper.make_node("Div", ["apart", "near"], ["nearer"]),
        helper.make_node("Clip", ["nearer", "lowest", "highest"], ["closely"]),
        helper.make_node("Concat", ["scaled", "closely"], ["magnified"], axis=1),
    ]
    numbers = {"third": THIRD, "near": NEAR, "lowest": -REACH, "highest": REACH}
    return nodes, [
        helper.make_tensor("scale", TensorProto.FLOAT, SCALE.shape, SCALE.tolist()),
        helper.make_tensor("columns", TensorProto.INT64, [len(MAGNIFIED)], MAGNIFIED),
        *(
            helper.make_tensor(name, TensorProto.FLOAT, [], [value])
            for name, value in numbers.items()
        ),
    ]


def _renamed(model: ModelProto, *, prefix: str) -> ModelProto:
    """Return a model whose names begin with the prefix, but for what it takes."""
    own: ModelProto = compose.add_prefix(model, prefix)
    (taken,) = [value.name for value in own.graph.input]
    for node in own.graph.node:
        node.input[:] = ["magnified" if name == taken else name for name in node.input]
    return own


def _golden_rows(rows: Rows) -> NDArray[np.float32]:
    """Return some of each class, spread over what there is, with and without gaps."""
    chosen = []
    for number in np.unique(rows.number):
        mine = np.flatnonzero(rows.number == number)
        chosen += mine[np.linspace(0, len(mine) - 1, _GOLDEN).astype(np.intp)].tolist()
    return rows.features[chosen]


def _answers(model: ModelProto, *, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return _run(model.SerializeToString(), features=features)


def _run(data: bytes, *, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    return list(session.run(["probability", "novelty"], {"features": features}))


def _listed(values: NDArray[np.float32]) -> Any:  # noqa: ANN401 - lists as deep as the array
    """Return nested lists with None for what is missing: JSON knows no NaN."""
    if values.ndim > 1:
        return [_listed(row) for row in values]
    return [None if np.isnan(value) else float(value) for value in values]
