"""The quarantine on the command line, over real outbox files."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from uuid import UUID

import numpy as np
import pytest
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.entries import KEPT_BYTES, Entry
from edge_agent.errors import OutboxError
from edge_agent.outbox import open_outbox
from edge_agent.sealed import Key, Kind, Sealed, seal
from shared.segments import Segment
from shared.tables import Text

STREAM = UUID(int=1)
SECOND_US = 1_000_000


def health(seq):
    table = {
        "time_us": np.array([seq * SECOND_US, (seq + 1) * SECOND_US], np.int64),
        "report": Text.of(["{}", "{}"]),
    }
    return seal(Segment(STREAM, seq, seq, {"health": table}))


@pytest.fixture
def outbox(tmp_path):
    """An outbox with three entries and two segments that are set aside."""

    async def fill():
        path = tmp_path / "outbox.db"
        undecodable = Sealed(Key(STREAM, 9), 9, Kind.BULK, 4, 4, 0, 0, b"nothing")
        entries = [
            Entry(
                tier="malformed", reason=reason, topic="sensors/P/readings", payload=payload,
                payload_bytes=size, readings=1, received_us=number * SECOND_US,
            )
            for number, (reason, payload, size) in enumerate(
                [("no JSON", b"\xffx", 2), ("cut off", b"x" * KEPT_BYTES, 10**6), ("bad", b"{}", 2)]
            )
        ]  # fmt: skip
        async with open_outbox(path, max_bytes=10**8, spill_after=60.0) as opened:
            await opened.quarantine.put(entries)
            for sealed, reason in ((health(3), "HTTP 413"), (undecodable, "not a segment")):
                await opened.keep([sealed], settled=asyncio.Event())
                await opened.set_aside(sealed, reason=reason)

    asyncio.run(fill())
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[site]\nid = "alpha"\n[mqtt]\nurl = "mqtt://127.0.0.1"\n'
        '[upload]\ncollector_url = "http://127.0.0.1:1"\n'
        f'[identity]\npath = "{tmp_path}/identity.pem"\n'
        f'[buffer]\npath = "{tmp_path}/outbox.db"\n'
    )
    return config


@pytest.fixture
def run(outbox):
    return lambda *words: CliRunner().invoke(app, ["quarantine", *words, "--config", str(outbox)])


@pytest.fixture
def ids(run):
    return lambda: [item["id"] for item in json.loads(run("list", "--json").stdout)]


def test_entries_and_segments_are_listed_together_newest_first(run):
    items = json.loads(run("list", "--json").stdout)
    assert [item["id"] for item in items] == ["s2", "s1", "3", "2", "1"]
    assert [item["tier"] for item in items] == ["refused"] * 2 + ["malformed"] * 3
    assert (items[1]["from"], items[1]["to"]) == (
        "1970-01-01T00:00:03.000Z",
        "1970-01-01T00:00:04.000Z",
    )
    lines = run("list", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "s2", "s1"]
    assert "2 rows from 1970-01-01T00:00:03.000Z" in lines[2]


def test_a_segment_is_shown_with_its_tables_or_why_it_has_none(run):
    shown = json.loads(run("show", "s1", "--json").stdout)
    assert shown["tables"]["health"]["rows"] == 2
    assert shown["tables"]["health"]["columns"]["report"] == {"distinct": 1, "some": ["{}"]}
    assert "2 rows: time_us 1970-01-01T00:00:03.000Z to" in run("show", "s1").stdout
    assert "not a segment" in json.loads(run("show", "s2", "--json").stdout)["error"]
    assert json.loads(run("show", "1", "--json").stdout)["payload"] == "\\xffx"


def test_what_is_replayed_or_discarded_is_listed_no_more(run, ids):
    done = run("replay", "1", "s1")
    assert done.exit_code == 0
    assert "replayed 1 entries and 1 segments, 3 rows" in done.stdout
    assert ids() == ["s2", "3", "2"]
    assert json.loads(run("discard", "s2", "2", "--json").stdout)["rows"] == 5
    assert ids() == ["3"]


def test_all_tells_what_it_left_out(run, ids):
    done = run("replay", "--all", "--yes")
    assert "2 cannot be replayed: only 65536 of its 1000000 bytes are kept" in done.stdout
    assert ids() == ["2"]


def test_all_can_be_narrowed_by_reason(run, ids):
    assert run("discard", "--all", "--yes", "--reason", "413").exit_code == 0
    assert ids() == ["s2", "3", "2", "1"]


@pytest.mark.parametrize(
    "words",
    [("replay",), ("replay", "1", "--all"), ("discard", "--all"), ("discard", "x1"),
     ("discard", "s"), ("show", "-1"), ("replay", "1", "--reason", "x"), ("show", "9" * 30)],
)  # fmt: skip
def test_wrong_usage_changes_nothing(run, ids, words):
    assert run(*words).exit_code == 2
    assert len(ids()) == 5


@pytest.mark.parametrize("words", [("show", "99"), ("replay", "1", "s99"), ("replay", "2")])
def test_what_cannot_be_done_is_an_error_and_changes_nothing(run, ids, words):
    assert isinstance(run(*words).exception, OutboxError)
    assert len(ids()) == 5


@pytest.mark.parametrize(("answer", "left"), [("n", 5), ("y", 0)])
def test_a_terminal_is_asked_before_all_is_discarded(outbox, ids, answer, left):
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    main = "from edge_agent.cli import main; main()"
    command = [sys.executable, "-c", main, "quarantine", "discard", "--all", "--config"]
    done = subprocess.run(
        [*command, str(outbox)], stdin=theirs, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert "Discard all of the quarantine?" in done.stdout + done.stderr
    assert len(ids()) == left
