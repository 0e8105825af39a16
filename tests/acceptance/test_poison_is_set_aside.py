"""Whatever cannot be stored is moved out of the line with its reason; what is beside it goes on.

The collector is the real one; what is wrong with segments is put into the agent's outbox before
it starts, as an agent of another make or a damaged disk would have left it.
"""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from edge_agent.outbox import open_outbox
from edge_agent.sealed import Key, Kind, Sealed, seal
from programs.publisher import publish, reading
from shared.alerts import Episode, alerts_table
from shared.messages import MAX_FUTURE
from shared.readings import Readings
from shared.segments import Segment, readings_table
from shared.tables import Text

AGO_US = 3_600_000_000
TABLES = {"readings", "weather", "meter", "panels", "alerts"}


def now_us():
    return time.time_ns() // 1000


def readings_of(panel, times_us, *, seed=None):
    """Readings of a panel; with a seed they have values that do not compress."""
    count = len(times_us)
    numbers = np.random.default_rng(seed)
    columns = [
        np.full(count, 1000, np.int32)
        if seed is None
        else numbers.integers(0, 2**30, count, np.int32)
        for _ in range(4)
    ]
    return readings_table(
        Readings(
            (panel,),
            np.zeros(count, np.int32),
            np.array(times_us, np.int64),
            *columns,
            quality=np.zeros(count, np.int16),
        )
    )


def segment(**tables):
    return seal(Segment(uuid4(), 0, 0, tables))


def good(panel):
    """A segment of one reading."""
    return segment(readings=readings_of(panel, [now_us() - AGO_US]))


@pytest.fixture
def left_behind(whole_path):
    """Put segments into the outbox of an agent that does not run."""

    def put(*segments):
        async def keep():
            path = whole_path.agent.config.parent / "outbox.db"
            async with open_outbox(path, max_bytes=10**9, spill_after=60.0) as outbox:
                await outbox.keep(segments, settled=asyncio.Event())

        if whole_path.agent.process.runs:
            whole_path.agent.stop()
        asyncio.run(keep())

    return put


@pytest.fixture
def set_aside(whole_path, wait_until):
    """What the quarantine lists of the one segment with a reason, once it is there."""

    def listed(reason):
        query = "SELECT 's' || id FROM set_aside WHERE instr(reason, ?)"
        ((id_,),) = wait_until(
            lambda: whole_path.in_outbox(query, reason), what="it is set aside", timeout=60
        )
        (item,) = [one for one in items(whole_path) if one["id"] == id_]
        assert reason in item["reason"]
        return item

    return listed


def items(whole_path):
    return whole_path.agent.command("quarantine", "list", "--limit", "1000")


def line_is_empty(whole_path):
    return whole_path.in_outbox("SELECT count(*) FROM segment") == [(0,)]


def test_a_segment_nobody_can_decode_is_set_aside_and_its_neighbours_are_stored(
    whole_path, left_behind, set_aside, wait_until
):
    panel, key = whole_path.panel(), Key(uuid4(), 4)
    poison = Sealed(key, 6, Kind.BULK, 9, 9, 1_000_000, 2_000_000, b"no segment at all")
    left_behind(good(panel), poison, segment(readings=readings_of(panel, [now_us()])))
    whole_path.agent.start()

    wait_until(lambda: whole_path.count(panel) == 2, what="its neighbours are stored")
    item = set_aside("not a segment")
    assert (item["tier"], item["rows"], item["last_seq"]) == ("refused", 9, 6)
    assert item["from"] == "1970-01-01T00:00:01.000Z"
    shown = whole_path.agent.command("quarantine", "show", item["id"])
    assert (shown["decodes"], shown["stream"]) == (False, str(key.stream))
    publish(
        whole_path.broker.port, f"sensors/{panel}/readings", json.dumps(reading(panel)).encode()
    )
    wait_until(lambda: whole_path.count(panel) == 3, what="what comes later is stored")

    whole_path.agent.command("quarantine", "discard", item["id"])
    assert whole_path.in_outbox("SELECT * FROM set_aside") == []
    wait_until(lambda: line_is_empty(whole_path), what="its declared loss is sent")


def test_a_segment_whose_bytes_changed_on_disk_is_not_sent(
    whole_path, left_behind, set_aside, wait_until
):
    panel, damaged = whole_path.panel(), good(whole_path.panel())
    left_behind(good(panel), damaged, segment(readings=readings_of(panel, [now_us()])))
    with closing(sqlite3.connect(whole_path.agent.config.parent / "outbox.db")) as outbox:
        flipped = damaged.body[:-3] + bytes(byte ^ 1 for byte in damaged.body[-3:])
        stream = damaged.key.stream.bytes
        outbox.execute("UPDATE segment SET body = ? WHERE stream = ?", (flipped, stream))
        outbox.commit()
    whole_path.agent.start()

    wait_until(lambda: whole_path.count(panel) == 2, what="its neighbours are stored")
    item = set_aside("CRC-32")
    assert (item["tier"], item["declared_lost"]) == ("damaged", True)
    wait_until(lambda: line_is_empty(whole_path), what="its declared loss is sent")
    whole_path.agent.command("quarantine", "discard", item["id"])


def test_a_refused_segment_is_stored_once_a_collector_that_takes_it_is_there(
    whole_path, left_behind, set_aside, wait_until
):
    collector, panel = whole_path.collector, whole_path.panel()
    times = now_us() - AGO_US + np.arange(5_000)
    large = segment(readings=readings_of(panel, times, seed=1))
    left_behind(good(whole_path.panel()), large)
    collector.stop()
    collector.process.environment["HELIOGRAPH_MAX_BODY_BYTES"] = str(len(large.body) - 1)
    collector.start()
    whole_path.agent.start()
    item = set_aside("413")
    assert (item["rows"], whole_path.count(panel)) == (5_000, 0)
    shown = whole_path.agent.command("quarantine", "show", item["id"])
    assert shown["tables"]["readings"]["columns"]["panel"] == {"distinct": 1, "some": [panel]}

    whole_path.agent.stop()
    collector.stop()
    del collector.process.environment["HELIOGRAPH_MAX_BODY_BYTES"]
    collector.start()
    done = whole_path.agent.command("quarantine", "replay", item["id"])
    assert (done["segments"], done["rows"]) == (1, 5_000)
    whole_path.agent.start()
    wait_until(lambda: whole_path.count(panel) == 5_000, what="it is stored")
    wait_until(lambda: whole_path.status()["set_aside"] == 0, what="the status says so")


def test_single_rows_of_any_table_are_rejected_alone_and_can_be_sent_again(
    whole_path, left_behind, wait_until
):
    panel, soon = whole_path.panel(), now_us() + round(MAX_FUTURE.total_seconds() * 1e6) + 8_000_000
    times = np.array([now_us() - AGO_US, soon], np.int64)
    two, wide = np.ones(2, np.int32), np.ones(2, np.int64)
    future = datetime.now(UTC) + timedelta(days=1)
    left_behind(
        segment(
            readings=readings_of(panel, times),
            weather={
                "time_us": times, "irradiance_mw_m2": two, "ambient_mc": two, "wind_mm_s": two,
            },
            meter={
                "time_us": times, "load_mw": wide, "grid_mw": wide, "battery_mw": wide,
                "battery_soc_thousandths": two,
            },
            panels={
                "panel": Text.of([panel, "no panel id"]), "model": Text.of(["M", "M"]),
                "group": Text.of(["", ""]), "rated_watts": np.array([1.0, np.nan]),
                "latitude": np.array([np.nan] * 2), "longitude": np.array([np.nan] * 2),
            },
        ),
        segment(
            alerts=alerts_table(
                [
                    Episode(
                        episode=str(uuid4()), panel=panel, alert_type="zero_power",
                        severity="high", title="t", recommendation="r", details={},
                        model_version="m", raised_at=future, last_seen_at=future, cleared_at=None,
                    )
                ]
            )
        ),
    )  # fmt: skip
    whole_path.agent.start()

    wait_until(lambda: whole_path.count(panel) == 1, what="the good reading is stored")
    wait_until(lambda: rejected_tables(whole_path) >= TABLES, what="one of each table is kept")
    kept = of_tables(items(whole_path), panel, soon)
    assert kept.keys() == TABLES
    assert {item["tier"] for item in kept.values()} == {"rejected"}
    assert "no panel id" in kept["panels"]["reason"]

    wait_until(lambda: now_us() > soon - MAX_FUTURE.total_seconds() * 1e6, what="their time")
    again = [kept[table]["id"] for table in ("readings", "weather", "meter")]
    done = whole_path.agent.command("quarantine", "replay", *again)
    assert (done["entries"], done["rows"]) == (3, 3)
    wait_until(lambda: whole_path.count(panel) == 2, what="the rejected reading is stored")
    wait_until(lambda: line_is_empty(whole_path), what="the others are sent")
    assert rejected_tables(whole_path) == {"panels", "alerts"}


def rejected_tables(whole_path):
    rows = whole_path.in_outbox("SELECT topic FROM quarantine WHERE tier = 'rejected'")
    return {topic.removeprefix("table ") for (topic,) in rows}


def of_tables(items, panel, soon):
    """The rejected rows a test has made, by table."""
    mine = [one for one in items if one["tier"] == "rejected"]
    return {
        one["topic"].removeprefix("table "): one
        for one in mine
        if str(soon) in one["payload"] or panel in one["payload"] or "no panel id" in one["payload"]
    }
