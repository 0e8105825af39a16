"""An isolation forest as one ONNX node: each leaf says what part of the usual path it is."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper
from sklearn.ensemble import IsolationForest

_EULER: Final = 0.5772156649015329
_LEAF: Final = -1
_PAIR: Final = 2


def forest_nodes(
    forest: IsolationForest, *, scale: NDArray[np.float32], taken: str, told: str
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Return the nodes, and the constants they need, that tell how unusual rows are.

    The converters at hand make a node, and a gathering of features, of each tree: megabytes. Here
    one node adds up, for each row, what its leaves say.

    Args:
        forest: Fitted to ``arcsinh(features / scale)``; the nodes take the features themselves, so
            that no machine's rounding decides which way a row goes.
        scale: Of each feature.
        taken: Name of the features.
        told: Name of what comes out, shape ``(n,)``: 0.5 usual, 1 like nothing known.
    """
    usual = len(forest.estimators_) * _path(np.array([float(forest.max_samples_)]))[0]
    attributes: dict[str, Any] = {}
    for number, (tree, columns) in enumerate(
        zip(forest.estimators_, forest.estimators_features_, strict=True)
    ):
        part = _tree(tree.tree_, number=number, columns=columns, scale=scale, usual=usual)
        for name, values in part.items():
            attributes.setdefault(name, []).extend(values)
    nodes = [
        helper.make_node(
            "TreeEnsembleRegressor",
            [taken],
            [f"{told}_paths"],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            **attributes,
        ),
        helper.make_node("Neg", [f"{told}_paths"], [f"{told}_less"]),
        helper.make_node("Pow", [f"{told}_two", f"{told}_less"], [f"{told}_column"]),
        helper.make_node("Reshape", [f"{told}_column", f"{told}_flat"], [told]),
    ]
    constants = [
        helper.make_tensor(f"{told}_two", TensorProto.FLOAT, [1], [2.0]),
        helper.make_tensor(f"{told}_flat", TensorProto.INT64, [1], [-1]),
    ]
    return nodes, constants


def _tree(
    tree: Any,  # noqa: ANN401 - scikit-learn gives it no type
    *,
    number: int,
    columns: NDArray[np.intp],
    scale: NDArray[np.float32],
    usual: float,
) -> dict[str, list[Any]]:
    count = tree.node_count
    leaf = tree.children_left == _LEAF
    feature = np.where(leaf, 0, columns[np.where(leaf, 0, tree.feature)])
    threshold = np.where(leaf, 0.0, np.sinh(tree.threshold) * scale[feature])
    length = _depths(tree) + _path(tree.n_node_samples.astype(np.float64))
    ids = np.arange(count)
    return {
        "nodes_treeids": [number] * count,
        "nodes_nodeids": ids.tolist(),
        "nodes_featureids": feature.tolist(),
        "nodes_values": _below(threshold).tolist(),
        "nodes_modes": ["LEAF" if end else "BRANCH_LEQ" for end in leaf.tolist()],
        "nodes_truenodeids": np.where(leaf, 0, tree.children_left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, tree.children_right).tolist(),
        "target_treeids": [number] * int(leaf.sum()),
        "target_nodeids": ids[leaf].tolist(),
        "target_ids": [0] * int(leaf.sum()),
        "target_weights": (length[leaf] / usual).astype(np.float32).tolist(),
    }


def _depths(tree: Any) -> NDArray[np.float64]:  # noqa: ANN401 - scikit-learn gives it no type
    """Return how far below the root each node is; children come after their parents."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        if tree.children_left[node] != _LEAF:
            depth[[tree.children_left[node], tree.children_right[node]]] = depth[node] + 1
    return depth


def _path(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long the path on to one of so many samples is on average (Liu and others)."""
    many = np.maximum(samples, _PAIR + 1) - 1
    longer = 2.0 * (np.log(many) + _EULER) - 2.0 * many / (many + 1)
    return np.where(samples > _PAIR, longer, np.where(samples == _PAIR, 1.0, 0.0))


def _below(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the greatest single-precision numbers that are not above the values."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)
