import json
import time
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from edge_agent.receipts import Rejection
from edge_agent.sealed import seal
from edge_agent.verdicts import verdicts
from shared.readings import Readings
from shared.segments import Segment, decode, readings_table

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def sealed(count):
    """A segment of `count` readings of two panels in turn."""
    column = np.arange(count, dtype=np.int32)
    table = readings_table(
        Readings(
            panel_ids=("P-0", "P-1"),
            panel=column % 2,
            time_us=column.astype(np.int64),
            temperature_mc=column,
            voltage_mv=column,
            current_ma=column,
            power_mw=column,
            quality=np.zeros(count, np.int16),
        )
    )
    return seal(Segment(UUID(int=1), 0, 0, {"readings": table}))


def test_rows_rejected_alike_are_one_entry_with_their_count_and_content():
    rejections = [Rejection(at, f"time_us is {at}, in the future") for at in (1, 4)]
    rejections.append(Rejection(3, "panel_id is missing"))

    entries, _ = verdicts(sealed(6), rejections=rejections, now=NOW)

    assert [(one.readings, one.reason) for one in entries] == [
        (2, "time_us is 1, in the future (and 1 rows likewise)"),
        (1, "panel_id is missing"),
    ]
    rows = [json.loads(line) for line in entries[0].payload.splitlines()]
    assert [(row["panel"], row["time_us"]) for row in rows] == [("P-0", 2), ("P-1", 3)]


def test_of_a_hundred_thousand_rejected_rows_every_one_is_kept_within_a_second():
    body = sealed(100_000)
    rejections = [Rejection(at, f"time_us is {at}, in the future") for at in range(1, 100_000)]

    started = time.process_time()
    found = verdicts(body, rejections=rejections, now=NOW)

    assert time.process_time() - started < 1
    assert found.entries == []
    [(part, reason)] = found.segments
    assert reason == "time_us is 1, in the future (and 99998 rows likewise)"
    assert (part.rows, part.readings) == (99_999, 99_999)
    assert part.key.stream != body.key.stream
    there, kept = (decode(one.body).tables["readings"] for one in (body, part))
    assert kept["panel"].tolist() == there["panel"].tolist()[1:]
    assert kept["time_us"].tolist() == there["time_us"].tolist()[1:]


def test_a_row_that_is_not_there_is_told_without_content():
    [entry], _ = verdicts(sealed(1), rejections=[Rejection(9, "wrong")], now=NOW)

    assert (entry.reason, entry.payload) == ("wrong", b"")
