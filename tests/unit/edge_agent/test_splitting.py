"""A flush that is too large for one segment becomes several, and nothing of it changes."""

from uuid import UUID

import numpy as np

from edge_agent.splitting import split
from shared.readings import Readings
from shared.segments import (
    MAX_ROWS,
    MAX_TEXTS,
    Segment,
    decode,
    encode,
    readings_of,
    readings_table,
)
from shared.tables import Text


def table_of(rows, *, panels):
    panel = np.arange(rows, dtype=np.int32) % panels
    values = np.arange(rows, dtype=np.int32)
    return readings_table(
        Readings(tuple(map(str, range(panels))), panel, values.astype(np.int64), values, values,
                 values, values, np.zeros(rows, np.int16))
    )  # fmt: skip


def decoded(parts):
    whole = []
    for seq, part in enumerate(parts):
        readings = readings_of(decode(encode(Segment(UUID(int=1), seq, seq, part))))
        ids = np.array(readings.panel_ids)[readings.panel]
        whole += zip(ids.tolist(), readings.time_us.tolist(), strict=True)
    return sorted(whole)


def test_what_fits_is_one_part():
    tables = {"readings": table_of(100, panels=3)}
    assert split(tables) == [tables]


def test_too_many_rows_are_cut():
    parts = split({"readings": table_of(MAX_ROWS + 1, panels=7)})
    assert len(parts) > 1
    found = decoded(parts)
    assert len(found) == MAX_ROWS + 1
    assert found == sorted((str(n % 7), n) for n in range(MAX_ROWS + 1))


def test_too_many_panels_are_cut_and_what_is_small_goes_with_the_first_part():
    health = {"time_us": np.array([1], np.int64), "report": Text.of(["{}"])}
    panels = 2 * MAX_TEXTS + 5
    parts = split({"readings": table_of(panels, panels=panels), "health": health})
    assert [sorted(part) for part in parts] == [["health", "readings"], ["readings"], ["readings"]]
    assert decoded(parts) == sorted((str(n), n) for n in range(panels))
