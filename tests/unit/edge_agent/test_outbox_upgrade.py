"""Outbox files of earlier versions: nothing in them is lost, files of the future stay untouched."""

import sqlite3
from contextlib import closing
from uuid import UUID

import numpy as np
import pytest

from edge_agent.errors import OutboxError
from edge_agent.lane import Lane
from edge_agent.outbox import open_outbox
from edge_agent.outbox.quarantine import listed
from edge_agent.sealed import Kind
from shared.segments import Segment, encode
from shared.tables import Text

VERSION_1 = """
CREATE TABLE segment (id INTEGER PRIMARY KEY AUTOINCREMENT, stream BLOB NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, rows INTEGER NOT NULL,
    created_us INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (stream, first_seq));
CREATE TABLE set_aside (id INTEGER PRIMARY KEY AUTOINCREMENT, stream BLOB NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, rows INTEGER NOT NULL,
    set_aside_us INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (stream, first_seq));
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, tier TEXT NOT NULL,
    reason TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL,
    payload_bytes INTEGER NOT NULL, readings INTEGER NOT NULL, received_us INTEGER NOT NULL);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
STREAM = UUID(int=1)


def health(seq):
    table = {"time_us": np.array([1_000_000 + seq], np.int64), "report": Text.of(["{}"])}
    return encode(Segment(STREAM, seq, seq, {"health": table}))


@pytest.fixture
def of_version_1(tmp_path):
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(VERSION_1)
        for seq in range(3):
            row = (STREAM.bytes, seq, seq, 1, 5, health(seq))
            file.execute("INSERT INTO segment VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)
        row = (STREAM.bytes, 3, 3, 7, 6, "too odd", b"no segment at all")
        file.execute("INSERT INTO set_aside VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row)
        row = ("malformed", "why", "a/topic", b"payload", 7, 1, 8)
        file.execute("INSERT INTO quarantine VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row)
        file.execute("INSERT INTO state VALUES ('open_episodes', ?)", (b"[]",))
        file.commit()
    return path


async def test_a_file_of_version_1_keeps_all_it_holds(of_version_1):
    async with open_outbox(of_version_1, max_bytes=50_000_000, spill_after=1.0) as outbox:
        assert (outbox.shelf.stock.segments, outbox.shelf.stock.rows) == (3, 3)
        assert outbox.shelf.set_aside_segments == 1
        assert await outbox.recall("open_episodes") == b"[]"
        parcel = await outbox.take(Lane.BACKLOG, max_bytes=10**6, max_rows=10**6)
        assert [one.body for one in parcel.segments] == [health(seq) for seq in range(3)]
        assert [(one.kind, one.from_us) for one in parcel.segments] == [
            (Kind.BULK, 1_000_000 + seq) for seq in range(3)
        ]
        [entry] = await listed(outbox.quarantine._file, limit=5)
        assert entry.entry.payload == b"payload"


async def test_an_upgraded_file_opens_like_a_new_one(of_version_1):
    for _ in range(2):
        async with open_outbox(of_version_1, max_bytes=50_000_000, spill_after=1.0) as outbox:
            assert outbox.shelf.stock.segments == 3


async def test_a_file_from_the_future_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as file:
        file.executescript("CREATE TABLE other (x); PRAGMA user_version = 99;")
    before = path.read_bytes()
    with pytest.raises(OutboxError, match=r"version 99, this agent knows up to"):
        async with open_outbox(path, max_bytes=50_000_000, spill_after=1.0):
            pass
    assert path.read_bytes() == before
