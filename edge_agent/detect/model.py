"""A trained model in ONNX: checked when loaded, asked once a window. The only user of onnxruntime.

What it is stands in the file's metadata: ``heliograph.version``, ``.features``, ``.classes``,
``.thresholds``, ``.fill``, ``.training_sha256`` and ``.golden``, rows with the answers it gave
where it was made. A file that answers otherwise here is refused.
"""

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import ModelError
from shared.vectors import NAMES

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Array = NDArray[np.float32]

LARGEST_BYTES: Final = 1_000_000
"""A model's file has at most so many bytes."""

_PARITY: Final = 1e-5
_SILENT: Final = 3
_NO_ONNX: Final = "INVALID_PROTOBUF"
_OUTPUTS: Final = ["probability", "novelty"]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a model says of panels in one window."""

    probability: Array
    """Of each class of `Model.classes`: ``(panels, classes)``."""
    novelty: Array
    """0.5 is usual, 1 is like nothing in training: ``(panels,)``."""


class Golden(msgspec.Struct, frozen=True):
    """Rows and the answers they must get; None in a row is a missing value."""

    features: list[list[float | None]]
    """Each row's features."""
    probability: list[list[float]]
    """Each row's probabilities."""
    novelty: list[float]
    """Each row's novelty."""


class Model:
    """One model, ready to be asked; made by `load`."""

    def __init__(self, session: "InferenceSession", *, size: int) -> None:
        entries = session.get_modelmeta().custom_metadata_map
        self.version: str = _read(entries, name="version", kind=str)
        """As in ``2026.11.1``."""
        self.features: tuple[str, ...] = _read(entries, name="features", kind=tuple[str, ...])
        """The features it takes, of `shared.vectors.NAMES`."""
        self.classes: tuple[str, ...] = _read(entries, name="classes", kind=tuple[str, ...])
        """What it tells apart: ``healthy``, and names of faults."""
        self.thresholds: dict[str, float] = _read(entries, name="thresholds", kind=dict[str, float])
        """``name``: from what probability its name counts; ``novelty``: from what it is rare."""
        self.training_sha256: str = _read(entries, name="training_sha256", kind=str)
        """Hash of what it was trained on."""
        self.size_bytes = size
        """Of its file."""
        unknown = [name for name in self.features if name not in NAMES]
        if unknown:
            raise ModelError(f"the model wants features that are not known here: {unknown}")
        fill = _read(entries, name="fill", kind=dict[str, float])
        self._fill = np.array([fill.get(name, 0.0) for name in self.features], np.float32)
        self._columns = [NAMES.index(name) for name in self.features]
        self._session = session
        self._compare(_read(entries, name="golden", kind=Golden))

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read a model's file and let it answer its golden rows.

        Raises:
            ModelError: It is no model, too large, not for this program, or answers otherwise.
        """
        if len(data) > LARGEST_BYTES:
            raise ModelError(f"the model has {len(data)} bytes, allowed are {LARGEST_BYTES}")
        return cls(_session(data), size=len(data))

    @classmethod
    def shipped(cls) -> Self:
        """Return the model that comes with this program.

        Raises:
            ModelError: It is missing, or cannot be used.
        """
        folder = resources.files("models") / "artifacts"
        try:
            data = (folder / "faults.onnx").read_bytes()
        except OSError as error:
            raise ModelError(f"the shipped model cannot be read: {error}") from error
        return cls.load(data)

    def score(self, features: Array) -> Scores:
        """Ask the model, once for all panels.

        Args:
            features: As in `shared.vectors.NAMES`, NaN when missing: ``(panels, len(NAMES))``.

        Raises:
            ModelError: It fails, or answers in another shape than it promised.
        """
        return self._ask(features[:, self._columns])

    def _ask(self, rows: Array) -> Scores:
        filled = np.where(np.isfinite(rows), rows, self._fill).astype(np.float32)
        try:
            probability, novelty = self._session.run(_OUTPUTS, {"features": filled})
        except Exception as error:  # onnxruntime's errors have no common base
            raise ModelError(f"the model {self.version} fails: {error}") from error
        shapes = (np.shape(probability), np.size(novelty))
        if shapes != ((len(rows), len(self.classes)), len(rows)):
            raise ModelError(f"the model {self.version} answers {len(rows)} rows with {shapes}")
        return Scores(probability, np.reshape(novelty, len(rows)))

    def _compare(self, golden: Golden) -> None:
        rows = np.array(golden.features, np.float32)
        if rows.ndim != len(("rows", "columns")) or rows.shape[1] != len(self.features):
            raise ModelError(f"the model's golden rows have the shape {rows.shape}")
        found = self._ask(rows)
        for name in _OUTPUTS:
            wanted, got = np.array(getattr(golden, name), np.float32), getattr(found, name)
            apart = np.abs(wanted - got).max() if wanted.shape == got.shape else np.inf
            if not apart <= _PARITY:
                raise ModelError(
                    f"the model {self.version} answers its golden rows otherwise than where it was "
                    f"made: {name} differs by {apart:.2g}, allowed is {_PARITY:g}"
                )


def _session(data: bytes) -> "InferenceSession":
    # An agent takes readings before it has a model, and most commands need none.
    import onnxruntime as ort  # noqa: PLC0415

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Asked once a minute, it may be slower: what would make it fast stays in memory for ever.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base
        unknown = not data or _NO_ONNX in str(error)
        reason = "it is not in the format ONNX, or is damaged" if unknown else error
        raise ModelError(f"the model cannot be read: {reason}") from error


def _read(entries: dict[str, str], *, name: str, kind: Any) -> Any:  # noqa: ANN401 - as asked for
    key = f"heliograph.{name}"
    if key not in entries:
        raise ModelError(f"the model's file has no metadata {key!r}; it has {sorted(entries)}")
    try:
        return entries[key] if kind is str else msgspec.json.decode(entries[key], type=kind)
    except msgspec.MsgspecError as error:
        raise ModelError(f"the model's metadata {key!r} cannot be read: {error}") from error
