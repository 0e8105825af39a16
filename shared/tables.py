"""The tables a segment may carry, and their columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SCHEMA: Final[Mapping[str, Mapping[str, str]]] = {
    "readings": {
        "panel": "text",
        "time_us": "i8",
        "temperature_mc": "i4",
        "voltage_mv": "i4",
        "current_ma": "i4",
        "power_mw": "i4",
        "quality": "i2",
    },
    "windows": {
        "panel": "text",
        "time_us": "i8",
        "seconds": "i4",
        "voltage_residual_thousandths": "i2",
        "current_thousandths": "i2",
        "power_thousandths": "i2",
        "temperature_mc": "i4",
        "conversion_thousandths": "i2",
        "voltage_thousandths": "i2",
        "sigmas_tenths": "i2",
        "probability_thousandths": "i2",
        "kind": "text",
        "quality": "i2",
    },
    "weather": {"time_us": "i8", "irradiance_mw_m2": "i4", "ambient_mc": "i4", "wind_mm_s": "i4"},
    "meter": {
        "time_us": "i8",
        "load_mw": "i8",
        "grid_mw": "i8",
        "battery_mw": "i8",
        "battery_soc_thousandths": "i4",
    },
    "panels": {
        "panel": "text",
        "model": "text",
        "group": "text",
        "rated_watts": "f8",
        "latitude": "f8",
        "longitude": "f8",
    },
    "alerts": {
        "episode": "text",
        "panel": "text",
        "alert_type": "text",
        "severity": "text",
        "title": "text",
        "recommendation": "text",
        "details": "text",
        "model_version": "text",
        "raised_us": "i8",
        "last_seen_us": "i8",
        "cleared_us": "i8",
    },
    "losses": {
        "stream": "text",
        "first_seq": "i8",
        "last_seq": "i8",
        "rows": "i8",
        "from_us": "i8",
        "to_us": "i8",
        "reason": "text",
        "declared_us": "i8",
    },
    "health": {"time_us": "i8", "report": "text"},
}
"""Every table a segment may carry, and the kind of each column: text or a numpy number type."""

MISSING_I8: Final = np.iinfo(np.int64).min
"""The value of an int64 column that stands for "none"; `shared.readings.MISSING` for int32."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A column of text: each distinct value once, and an index of shape ``(n,)`` into them."""

    values: tuple[str, ...]
    index: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Text":
        """Build a column from one text a row."""
        position: dict[str, int] = {}
        index = [position.setdefault(text, len(position)) for text in texts]
        return cls(tuple(position), np.array(index, np.int32))

    def tolist(self) -> list[str]:
        """Return one text a row."""
        return [self.values[at] for at in self.index.tolist()]

    def __len__(self) -> int:
        return len(self.index)


Table = Mapping[str, "NDArray[Any] | Text"]
"""Columns by name."""


def picked(table: Table, *, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Table:
    """Return some rows of a table, by mask or index; texts without those that no longer occur."""
    return {
        name: _picked_text(column, rows=rows) if isinstance(column, Text) else column[rows]
        for name, column in table.items()
    }


def _picked_text(column: Text, *, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Text:
    used, index = np.unique(column.index[rows], return_inverse=True)
    return Text(tuple(column.values[at] for at in used.tolist()), index.astype(np.int32))
