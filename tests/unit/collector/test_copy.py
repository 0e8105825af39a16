import struct

import numpy as np

from collector.batch import Rows
from collector.database import copy
from shared.readings import MISSING


def rows(*keys, power=1):
    panel, time = (np.array(column) for column in zip(*keys, strict=True))
    value = np.full(len(keys), power, np.int32)
    return Rows(
        panel.astype(np.int32),
        time.astype(np.int64),
        *(value.copy() for _ in range(4)),
        np.zeros(len(keys), np.int16),
    )


def test_rows_of_all_parts_are_ordered_by_panel_and_time_and_each_key_is_once():
    ordered = copy.order([rows((2, 5), (1, 9), (1, 9)), rows((1, 9), (1, 3), power=2)])

    assert ordered.rows.panel_key.tolist() == [1, 1, 2]
    assert ordered.rows.time_us.tolist() == [3, 9, 5]
    assert ordered.rows.power_mw.tolist() == [2, 1, 1]
    assert ordered.part.tolist() == [1, 0, 0]


def test_a_missing_value_takes_its_length_and_no_bytes():
    some = rows((7, 946_684_800_000_005), (8, 946_684_800_000_006))
    some.voltage_mv[1] = MISSING

    stream = copy.encode(some)

    whole = struct.pack(">hiiiqiiiiiiiiih", 7, 4, 7, 8, 5, 4, 1, 4, 1, 4, 1, 4, 1, 2, 0)
    absent = struct.pack(">hiiiqiiiiiiiih", 7, 4, 8, 8, 6, 4, 1, -1, 4, 1, 4, 1, 2, 0)
    assert stream == b"PGCOPY\n\xff\r\n\0" + bytes(8) + whole + absent + b"\xff\xff"
