"""Storing what detection at the edge made of windows."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg

from collector.batch import WindowRows
from collector.database.records import nullable
from shared.tables import SCHEMA, Text

_NUMBERS: Final = tuple(
    name for name, kind in SCHEMA["windows"].items() if kind != "text" and name != "time_us"
)
_TYPES: Final = {"i2": "int2", "i4": "int4"}
_COLUMNS: Final = ", ".join(_NUMBERS)
_ARRAYS: Final = ", ".join(f"%s::{_TYPES[SCHEMA['windows'][name]]}[]" for name in _NUMBERS)
_STORE: Final = f"""
INSERT INTO detection_window (panel_key, time, kind, {_COLUMNS})
SELECT panel_key, to_timestamp(0) + time_us * INTERVAL '1 microsecond', nullif(kind, ''),
       {_COLUMNS}
FROM unnest(%s::int4[], %s::int8[], %s::text[], {_ARRAYS})
    AS new (panel_key, time_us, kind, {_COLUMNS})
ORDER BY panel_key, time_us
ON CONFLICT DO NOTHING
"""  # noqa: S608 - only our own column names


async def store_windows(cursor: psycopg.AsyncCursor[Any], *, parts: Sequence[WindowRows]) -> None:
    """Store windows; those the database has already stay as they are.

    Args:
        cursor: In a transaction.
        parts: At least one.
    """
    keys = np.concatenate([part.panel_key for part in parts])
    times = np.concatenate([np.asarray(part.table["time_us"]) for part in parts])
    kinds = [kind for part in parts for kind in _kinds(part)]
    numbers = [
        nullable(np.concatenate([np.asarray(part.table[name]) for part in parts]))
        for name in _NUMBERS
    ]
    await cursor.execute(_STORE.encode(), [keys.tolist(), times.tolist(), kinds, *numbers])


def _kinds(part: WindowRows) -> list[str]:
    kind = part.table["kind"]
    assert isinstance(kind, Text)  # noqa: S101 - SCHEMA says so
    return kind.tolist()
