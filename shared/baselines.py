"""What is usual for each panel of a site, learned there; kept as bytes, readable by people."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidBaselineError

Array = NDArray[np.float64]

VERSION: Final = 2
SLOTS: Final = 48
"""Half hours of the day, UTC, by which the ratio to siblings is known."""

SKY_CELLS: Final = 48 * 10
"""Places of the sun by which shade is known; see `shared.sky`."""

KIN: Final = 8
"""Siblings by which a panel's production is expected; see `shared.kin`."""

CURVE: Final = 5
"""Coefficients of the expected voltage; see `shared.curve`."""

FEATURES: Final = ("volts", "amperes", "watts", "celsius", "conversion", "volts_peer")
"""The deviations of `shared.features`, in their order."""

HORIZONS_S: Final = (180, 900, 7200)
"""Over how long deviations are judged: minutes for large ones, two hours for small ones."""

NOISE: Final = (0.003, 0.008, 0.008, 0.4, 0.003, 0.003)
"""What each feature wanders at least, over five minutes; shares, and degrees."""

TOLERANCE: Final = (
    (0.03, 0.06, 0.06, 5.5, 0.03, 0.03),
    (0.02, 0.045, 0.045, 5.5, 0.03, 0.025),
    (0.015, 0.04, 0.04, 5.5, 0.03, 0.02),
)
"""By horizon and feature, the smallest deviation ever told."""

_COLD_SIGMA: Final = 3.0
_COLD_TOLERANCE: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is usual; the last axis of every array is the panel."""

    panel_ids: tuple[str, ...]
    """The panels."""
    own: NDArray[np.bool_]
    """Learned from this panel's own days; else taken from its siblings."""
    peak_watts: Array
    """What it produces in full sun; NaN when not known."""
    ratio: Array
    """Volts, amperes and watts against the siblings' medians: ``(3, SLOTS, panels)``."""
    offset_celsius: Array
    """Temperature against the siblings' median: ``(SLOTS, panels)``."""
    conversion: Array
    """Watts against volts times amperes."""
    curve: Array
    """Coefficients of the expected voltage: ``(CURVE, panels)``; NaN when not known."""
    scale: Array
    """Usual volts and amperes in sun, the curve's units: ``(2, panels)``."""
    sigma: Array
    """Deviations against the noise that is seen: ``(len(HORIZONS_S), len(FEATURES), panels)``."""
    tolerance: Array
    """The smallest deviation to tell: of the same shape."""
    daily_sigma: Array
    """Of the daily loss against siblings, and of the daily voltage: ``(2, panels)``."""
    shaded: NDArray[np.bool_]
    """Where the sun is when shade is usual: ``(SKY_CELLS, panels)``."""
    kin: NDArray[np.int32]
    """The siblings a panel follows most closely, by number, -1 for none: ``(KIN, panels)``."""
    kin_weight: Array
    """How much each of them counts: ``(KIN, panels)``."""
    days: NDArray[np.int32]
    """How many days were learned from."""
    fitted_us: int = 0
    """When it was learned, microseconds since 1970-01-01 UTC; 0 when never."""

    @classmethod
    def cold(cls, panel_ids: tuple[str, ...] = ()) -> Self:
        """Return what is assumed before anything is known: siblings are alike, roughly."""
        count = len(panel_ids)
        shape = (len(HORIZONS_S), len(FEATURES), count)
        tolerance = np.array(TOLERANCE)[:, :, np.newaxis]
        return cls(
            panel_ids=panel_ids,
            own=np.zeros(count, np.bool_),
            peak_watts=np.full(count, np.nan),
            ratio=np.ones((3, SLOTS, count)),
            offset_celsius=np.zeros((SLOTS, count)),
            conversion=np.ones(count),
            curve=np.full((CURVE, count), np.nan),
            scale=np.full((2, count), np.nan),
            sigma=np.full(shape, _COLD_SIGMA),
            tolerance=np.broadcast_to(_COLD_TOLERANCE * tolerance, shape).copy(),
            daily_sigma=np.full((2, count), np.inf),
            shaded=np.zeros((SKY_CELLS, count), np.bool_),
            kin=np.full((KIN, count), -1, np.int32),
            kin_weight=np.zeros((KIN, count)),
            days=np.zeros(count, np.int32),
        )

    def arranged(self, panel_ids: tuple[str, ...]) -> Self:
        """Return the same for these panels in this order; unknown ones start cold."""
        if panel_ids == self.panel_ids:
            return self
        cold = type(self).cold(panel_ids)
        place = {panel_id: number for number, panel_id in enumerate(self.panel_ids)}
        target = {panel_id: number for number, panel_id in enumerate(panel_ids)}
        at = [number for number, panel_id in enumerate(panel_ids) if panel_id in place]
        source = [place[panel_ids[number]] for number in at]
        for name in _ARRAYS:
            getattr(cold, name)[..., at] = getattr(self, name)[..., source]
        # Kin are numbers of panels, and those have moved; the last is for none.
        number = np.array([*(target.get(panel, -1) for panel in self.panel_ids), -1], np.int32)
        kin = number[cold.kin]
        weight = np.where(kin >= 0, cold.kin_weight, 0.0)
        return replace(cold, kin=kin, kin_weight=weight, fitted_us=self.fitted_us)

    def with_panels_of(self, other: Self, *, rows: NDArray[np.bool_]) -> Self:
        """Return the same with some panels, by mask, taken from another of the same panels."""
        taken: dict[str, Any] = {
            name: np.where(rows, getattr(other, name), getattr(self, name)) for name in _ARRAYS
        }
        return replace(self, **taken, fitted_us=max(self.fitted_us, other.fitted_us))

    def to_bytes(self) -> bytes:
        """Return it as MessagePack; arrays as single precision."""
        arrays = {name: _pack(getattr(self, name)) for name in _ARRAYS}
        return msgspec.msgpack.encode(
            {
                "version": VERSION,
                "panel_ids": self.panel_ids,
                "fitted_us": self.fitted_us,
                "arrays": arrays,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            InvalidBaselineError: It is of another version, or damaged.
        """
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
        except msgspec.MsgspecError as error:
            raise InvalidBaselineError(f"the baseline cannot be read: {error}") from error
        if kept.version != VERSION:
            raise InvalidBaselineError(
                f"the baseline has version {kept.version}, {VERSION} is understood"
            )
        blank = cls.cold(kept.panel_ids)
        arrays: dict[str, Any] = {}
        for name in _ARRAYS:
            like = getattr(blank, name)
            raw = kept.arrays.get(name, b"")
            kind = _stored(like.dtype)
            if len(raw) != like.size * kind.itemsize:
                raise InvalidBaselineError(f"the baseline's {name} has {len(raw)} bytes")
            arrays[name] = np.frombuffer(raw, kind).reshape(like.shape).astype(like.dtype)
        return replace(blank, **arrays, fitted_us=kept.fitted_us)


class _Kept(msgspec.Struct):
    version: int
    panel_ids: tuple[str, ...]
    fitted_us: int
    arrays: dict[str, bytes]


_ARRAYS: Final = tuple(
    field.name for field in fields(Baseline) if field.name not in ("panel_ids", "fitted_us")
)


def _stored(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("<f4") if kind.kind == "f" else kind


def _pack(array: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(array, _stored(array.dtype)).tobytes()
