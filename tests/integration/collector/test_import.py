"""`collector import`: a bundle from a stick, on a real database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from collector.cli.commands import app
from collector.importing import BATCH_BYTES
from integration.collector.bodies import add_gateway, body, readings, segment
from programs.waiting import wait_until
from shared.bundle import Header, write_bundle
from shared.tables import Text

KEY = Ed25519PrivateKey.generate()
COLLECTOR = str(Path(sys.executable).with_name("collector"))
COUNT = "SELECT count(*) FROM reading_raw"


@pytest.fixture
def gateway(postgres_url):
    """A gateway whose key we have."""
    sender = add_gateway(postgres_url, site="alpha", gateway="gw-alpha")
    raw = KEY.public_key().public_bytes_raw()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE gateway SET public_key = %s", [raw])
    return sender


@pytest.fixture
def bundle(tmp_path):
    """Write a bundle and return its path."""

    def write(*segments, key=KEY, gateway="gw-alpha"):
        path = tmp_path / "stick.bundle"
        now_us = round(datetime.now(UTC).timestamp() * 1e6)
        header = Header(
            gateway_id=gateway,
            site="alpha",
            created_us=now_us,
            segments=len(segments),
            rows=0,
            readings=0,
        )
        with path.open("wb") as file:
            write_bundle(file, header=header, segments=segments, key=key)
        return path

    return write


@pytest.fixture
def run(postgres_url):
    """Run the command; returns its exit code, its JSON, and what it said."""

    def run(path):
        settings = {"HELIOGRAPH_DATABASE_URL": postgres_url}
        done = CliRunner().invoke(app, ["import", str(path), "--json"], env=settings)
        return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr

    return run


def minutes(count, *, panels=2, rows=60):
    """As many segments, each a minute of readings."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=count + 1)
    return [
        segment(
            readings(panels=panels, count=rows, start=start + timedelta(minutes=number)),
            seq=(number, number),
        )
        for number in range(count)
    ]


def test_a_bundle_is_stored_once_however_often_it_is_imported(gateway, bundle, run, rows):
    path = bundle(*minutes(30))

    code, first, _ = run(path)
    _, again, _ = run(path)

    assert code == 0
    assert (first["segments"], first["stored"], first["accepted"]) == (30, 30, 3600)
    assert (again["duplicate"], again["stored"], again["accepted"]) == (30, 0, 0)
    assert rows(COUNT) == [(3600,)]
    assert rows("SELECT received::text FROM ledger") == [("{[0,30)}",)]


async def test_what_the_network_brought_before_or_brings_later_is_not_stored_twice(
    gateway, bundle, run, rows, ingest
):
    segments = minutes(6)
    path = bundle(*segments)
    now = datetime.now(UTC)
    await ingest.segments(body(*segments[:2]), sender=gateway, now=now)

    _, imported, _ = await asyncio.to_thread(run, path)
    late = await ingest.segments(body(*segments), sender=gateway, now=now)

    assert (imported["duplicate"], imported["stored"], imported["duplicates"]) == (2, 4, 240)
    assert {one.status for one in late.segments} == {"duplicate"}
    assert (late.accepted, rows(COUNT)) == (0, [(720,)])


def test_a_segment_that_is_no_good_does_not_hold_up_the_others(gateway, bundle, run, rows):
    good = minutes(2)
    future = segment(
        readings(count=5, start=datetime.now(UTC) + timedelta(days=2)), stream=UUID(int=9)
    )
    code, imported, _ = run(bundle(good[0], b"no segment at all", future, good[1]))

    assert code == 1
    assert (imported["stored"], imported["refused"], imported["rejected_rows"]) == (3, 1, 10)
    assert "not a segment" in imported["reasons"][0]["reason"]
    assert rows(COUNT) == [(240,)]


def test_segments_too_many_for_one_request_are_split(gateway, bundle, run, rows):
    # A report repeated a million times compresses so well that a batch has too many rows.
    now_us = round(datetime.now(UTC).timestamp() * 1e6)
    reports = {
        "time_us": np.full(1_000_000, now_us, np.int64),
        "report": Text(("{}",), np.zeros(1_000_000, np.int32)),
    }
    segments = [segment(seq=(number, number), health=reports) for number in range(3)]
    assert sum(map(len, segments)) < BATCH_BYTES

    code, imported, _ = run(bundle(*segments))

    assert (code, imported["stored"], imported["refused"]) == (0, 3, 0)
    assert rows("SELECT received::text FROM ledger") == [("{[0,3)}",)]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "cut short or was changed"),
        (lambda path: path.write_bytes(b"hello"), "no bundle"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_of_a_damaged_file_nothing_is_stored(gateway, bundle, run, rows, spoil, says):
    path = bundle(*minutes(3))
    spoil(path)
    code, imported, said = run(path)
    assert (code, imported) == (1, None)
    assert says in said
    assert rows(COUNT) == [(0,)]


def test_only_the_gateways_own_key_counts(gateway, bundle, run, rows):
    code, _, said = run(bundle(*minutes(1), key=Ed25519PrivateKey.generate()))
    assert (code, rows(COUNT)) == (1, [(0,)])
    assert "not signed by the key of gateway 'gw-alpha'" in said


def test_an_unknown_and_a_revoked_gateway_are_told_apart(gateway, bundle, run, rows, postgres_url):
    _, _, unknown = run(bundle(*minutes(1), gateway="gw-other"))
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE gateway SET revoked_at = now()")
    code, _, revoked = run(bundle(*minutes(1)))
    assert "'gw-other', which is not enrolled here" in unknown
    assert "'gw-alpha', which was revoked on" in revoked
    assert (code, rows(COUNT)) == (1, [(0,)])


def test_an_import_that_was_killed_midway_is_simply_repeated(
    gateway, bundle, run, rows, postgres_url, tmp_path
):
    start = datetime.now(UTC) - timedelta(days=20)
    segments = [
        segment(
            readings(panels=20, count=5_000, start=start + timedelta(seconds=5_000 * number)),
            # Bodies of random bytes would not decode: many readings make the batches.
            seq=(number, number),
        )
        for number in range(12)
    ]
    path = bundle(*(one for one in segments))
    environment = os.environ | {"HELIOGRAPH_DATABASE_URL": postgres_url}
    with subprocess.Popen([COLLECTOR, "import", str(path)], env=environment) as importing:
        wait_until(lambda: rows("SELECT count(*) FROM panel") != [(0,)], what="it has begun")
        importing.send_signal(signal.SIGKILL)

    code, imported, _ = run(path)

    assert (code, imported["refused"], imported["segments"]) == (0, 0, 12)
    assert rows(COUNT) == [(1_200_000,)]
    assert rows("SELECT received::text FROM ledger") == [("{[0,12)}",)]


def test_it_works_beside_a_collector_on_the_embedded_database(tmp_path, bundle):
    data = tmp_path / "data"
    environment = {
        name: value
        for name, value in (os.environ | {"HELIOGRAPH_DATA_DIR": str(data)}).items()
        if name != "HELIOGRAPH_DATABASE_URL"
    }
    log = (tmp_path / "collector.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [COLLECTOR, "serve", "--port", "0"], env=environment, stdout=log
        ) as served,
    ):
        try:
            wait_until(
                lambda: b"is ready" in (tmp_path / "collector.log").read_bytes(),
                timeout=60,
                what="the collector is ready",
            )
            path = bundle(*minutes(2))
            done = subprocess.run(
                [COLLECTOR, "import", str(path)],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            served.terminate()
    # It found the database, whose only flaw is that nobody has enrolled there.
    assert done.returncode == 1
    assert "'gw-alpha', which is not enrolled here" in done.stderr
