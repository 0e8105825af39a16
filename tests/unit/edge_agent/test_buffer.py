"""`edge-agent buffer` on real files, beside an outbox that is open."""

import asyncio
import json
import os
import re
import sqlite3
from contextlib import closing
from uuid import uuid4

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.identity import Card, write_card, write_key
from edge_agent.outbox import open_outbox
from edge_agent.sealed import seal
from shared.bundle import Bundle
from shared.errors import InvalidBundleError
from shared.segments import Segment, decode, encode

KEY = Ed25519PrivateKey.generate()
STREAM = uuid4()
START_US = 1_750_000_000_000_000
MINUTE_US = 60_000_000


def made(seq, *, stream, rows=60):
    noise = np.random.default_rng(seq).integers(0, 1_000_000, (3, rows), np.int32)
    table = {
        "time_us": START_US + seq * MINUTE_US + np.arange(rows, dtype=np.int64),
        "irradiance_mw_m2": noise[0],
        "ambient_mc": noise[1],
        "wind_mm_s": noise[2],
    }
    return seal(Segment(stream, seq, seq, {"weather": table}))


def gateway(folder, *, gateway_id="gw-1", key=KEY):
    """The configuration of a gateway in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "edge-agent.toml"
    config.write_text(
        '[site]\nid = "alpha"\n[upload]\ncollector_url = "http://127.0.0.1:9"\n'
        f'[identity]\npath = "{folder}/identity.pem"\n[buffer]\npath = "{folder}/outbox.db"\n'
    )
    write_key(folder / "identity.pem", key)
    write_card(folder / "identity.pem", Card(gateway_id, "alpha", "http://127.0.0.1:9"))
    return config


def run(config, *arguments):
    done = CliRunner().invoke(app, ["buffer", *arguments, "--config", str(config)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return 1, str(done.exception)
    return done.exit_code, done.output


def answer(config, *arguments, code=0):
    found, output = run(config, *arguments, "--json")
    assert found == code, output
    return json.loads(output)


async def fill(path, count, *, stream=None):
    segments = [made(seq, stream=stream or uuid4()) for seq in range(count)]
    async with open_outbox(path, max_bytes=50_000_000, spill_after=60) as outbox:
        for one in segments:
            await outbox.keep([one], settled=asyncio.Event())
    return segments


@pytest.fixture
def config(tmp_path):
    return gateway(tmp_path / "one")


@pytest.fixture
def outbox_path(config):
    return config.with_name("outbox.db")


@pytest.fixture
def filled(outbox_path):
    return asyncio.run(fill(outbox_path, 30, stream=uuid4()))


@pytest.fixture
def bundle(tmp_path):
    """Of another computer with the same identity."""
    other = gateway(tmp_path / "other")
    asyncio.run(fill(other.with_name("outbox.db"), 3, stream=uuid4()))
    answer(other, "export", str(tmp_path / "bundle"))
    return tmp_path / "bundle"


def bodies(path):
    with closing(sqlite3.connect(path)) as file:
        return sorted(body for (body,) in file.execute("SELECT body FROM segment"))


def read(path, key=KEY):
    with path.open("rb") as file:
        bundle = Bundle(file)
        bundle.verify(key.public_key())
        return bundle.header, list(bundle.segments())


def test_an_export_has_all_that_waits_and_leaves_it_there(config, filled, outbox_path, tmp_path):
    stick = tmp_path / "stick.bundle"

    exported = answer(config, "export", str(stick))

    header, segments = read(stick)
    assert sorted(segments) == sorted(one.body for one in filled) == bodies(outbox_path)
    assert (header.gateway_id, header.segments, header.rows) == ("gw-1", 30, 1800)
    assert exported["size_bytes"] == stick.stat().st_size
    assert stick.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["one", "stick.bundle"]


def test_an_export_can_be_of_a_span_of_time(config, filled, tmp_path):
    stick = tmp_path / "stick.bundle"
    since, until = "2025-06-15T15:11:40Z", "2025-06-15T17:21:40+02:00"  # minutes 5 to 15

    run(config, "export", str(stick), "--since", since, "--until", until)

    assert sorted(decode(data).first_seq for data in read(stick)[1]) == list(range(5, 15))


def test_an_export_leaves_out_what_is_damaged_and_says_so(config, filled, outbox_path, tmp_path):
    stick = tmp_path / "stick.bundle"
    with closing(sqlite3.connect(outbox_path)) as file:
        [(body,)] = file.execute("SELECT body FROM segment WHERE id = 4")
        file.execute("UPDATE segment SET body = ? WHERE id = 4", [still_decoding(body)])
        file.execute("UPDATE segment SET body = ? WHERE id = 9", [os.urandom(50)])
        file.commit()

    exported = answer(config, "export", str(stick), code=1)
    said = run(config, "export", str(stick), "--force")[1]

    header, segments = read(stick)
    whole = [one.body for one in filled if one.key.first_seq not in {3, 8}]
    assert (sorted(segments), header.segments, header.rows) == (sorted(whole), 28, 1680)
    assert (exported["segments"], exported["damaged"], exported["damaged_rows"]) == (28, 2, 120)
    assert "2 segments with 120 rows are not in it" in said


def still_decoding(body):
    """The body of a segment with other values, as damage may leave it."""
    segment = decode(body)
    weather = segment.tables["weather"]
    wrong = weather | {"wind_mm_s": weather["wind_mm_s"] + 1}
    return encode(Segment(segment.stream, segment.first_seq, segment.last_seq, {"weather": wrong}))


def test_an_export_into_a_folder_is_named_after_the_gateway_and_the_time(config, filled, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()

    exported = answer(config, "export", str(stick))

    [file] = stick.iterdir()
    assert exported["file"] == str(file)
    assert re.fullmatch(r"gw-1-\d{8}T\d{6}Z\.bundle", file.name)
    assert read(file)[0].segments == 30


def test_a_span_of_time_that_ends_before_it_begins_is_refused(config, filled, tmp_path):
    since, until = "2025-06-15T17:00:00Z", "2025-06-15T18:00:00+02:00"
    code, said = run(config, "export", str(tmp_path / "x"), "--since", since, "--until", until)
    assert (code, since in said, until in said, (tmp_path / "x").exists()) == (2, True, True, False)


def test_a_file_that_is_there_is_not_replaced_unless_told_to(config, filled, tmp_path):
    stick = tmp_path / "stick.bundle"
    stick.write_text("holiday photographs")
    code, said = run(config, "export", str(stick))
    assert (code, stick.read_text()) == (1, "holiday photographs")
    assert "--force" in said
    assert run(config, "export", str(stick), "--force")[0] == 0


def test_an_export_that_fails_leaves_nothing_behind(config, filled, tmp_path):
    code, said = run(config, "export", str(tmp_path / "no" / "stick.bundle"))
    assert (code, "No such file" in said) == (1, True)
    assert run(config, "export", str(tmp_path / "x"), "--since", "yesterday")[0] == 2
    assert [one.name for one in tmp_path.iterdir()] == ["one"]


def test_another_computer_with_the_same_identity_takes_a_bundle_once(config, filled, tmp_path):
    stick, other = tmp_path / "stick.bundle", gateway(tmp_path / "other")
    run(config, "export", str(stick))

    first = answer(other, "import", str(stick))
    again = answer(other, "import", str(stick))

    assert (first["added"], first["known"], again["added"], again["known"]) == (30, 0, 0, 30)
    assert bodies(tmp_path / "other" / "outbox.db") == sorted(one.body for one in filled)
    assert answer(other, "verify")["faults"] == []


async def test_a_running_agent_sees_what_is_imported_beside_it(tmp_path):
    source, target = gateway(tmp_path / "one"), gateway(tmp_path / "other")
    await fill(tmp_path / "one" / "outbox.db", 5)
    stick = tmp_path / "stick.bundle"
    await asyncio.to_thread(run, source, "export", str(stick))
    path = tmp_path / "other" / "outbox.db"
    async with open_outbox(path, max_bytes=50_000_000, spill_after=60) as outbox:
        taken = await asyncio.to_thread(answer, target, "import", str(stick))
        await outbox.shelf.load()
        assert (taken["added"], outbox.shelf.stock.segments) == (5, 5)


def test_a_bundle_of_another_gateway_or_key_or_a_cut_one_is_not_taken(config, filled, tmp_path):
    stick = tmp_path / "stick.bundle"
    run(config, "export", str(stick))
    stranger = gateway(tmp_path / "stranger", gateway_id="gw-2")
    forged = gateway(tmp_path / "forged", key=Ed25519PrivateKey.generate())
    assert "give it to `collector import`" in run(stranger, "import", str(stick))[1]
    assert "not signed by the key" in run(forged, "import", str(stick))[1]
    stick.write_bytes(stick.read_bytes()[:-5])
    code, said = run(config, "import", str(stick))
    assert (code, "cut short" in said) == (1, True)
    with pytest.raises(InvalidBundleError):
        read(stick)
    assert not (tmp_path / "stranger" / "outbox.db").exists()


def test_verify_decodes_everything_and_names_what_is_wrong(config, filled, outbox_path):
    good = answer(config, "verify")
    with closing(sqlite3.connect(outbox_path)) as file:
        file.execute("UPDATE segment SET body = ? WHERE id = 3", [os.urandom(50)])
        file.execute("UPDATE segment SET first_seq = 99 WHERE id = 7")
        file.commit()
    bad = answer(config, "verify", code=1)
    assert (good["segments"], good["faults"]) == (30, [])
    assert [one["place"] for one in bad["faults"]] == ["segment 3", "segment 7"]
    assert "checksum" in bad["faults"][0]["fault"]
    assert "another segment" in bad["faults"][1]["fault"]


def test_verify_says_what_becomes_of_a_damaged_segment(config, filled, outbox_path):
    with closing(sqlite3.connect(outbox_path)) as file:
        file.execute("UPDATE segment SET body = x'00' WHERE id = 3")
        file.commit()
    code, said = run(config, "verify")
    assert (code, "sets aside, and declares lost, when its turn comes" in said) == (1, True)


def test_repair_saves_what_is_whole_and_declares_the_rest_lost(config, filled, outbox_path):
    with closing(sqlite3.connect(outbox_path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(outbox_path.read_bytes())
    at = data.index(filled[9].body[-40:])
    data[at : at + 8] = os.urandom(8)
    outbox_path.write_bytes(data)

    assert len(answer(config, "verify", code=1)["faults"]) == 1
    [report] = answer(config, "repair", code=1)

    assert (report["segments"], report["lost_ranges"], report["lost_rows"]) == (29, 1, 60)
    assert answer(config, "verify")["faults"] == []
    assert answer(config, "repair") == []
    figures = answer(config, "stats")
    assert figures["lost_rows"] == {"damaged": 60}
    assert len(figures["damaged_files"]) == 1


@pytest.fixture
def damaged_log(outbox_path):
    """An outbox as a killed agent leaves it, with damage in the first half of its log."""

    async def killed():
        async with open_outbox(outbox_path, max_bytes=50_000_000, spill_after=60) as outbox:
            for seq in range(30):
                await outbox.keep([made(seq, stream=STREAM)], settled=asyncio.Event())
            return {path: path.read_bytes() for path in (outbox_path, log)}

    log = outbox_path.with_name("outbox.db-wal")
    for path, data in asyncio.run(killed()).items():
        path.write_bytes(data)
    data = bytearray(log.read_bytes())
    at = len(data) // 2
    data[at : at + 8] = os.urandom(8)
    log.write_bytes(data)
    return log


@pytest.mark.parametrize(
    "command",
    [
        ["quarantine", "discard", "--all", "--yes"],
        ["quarantine", "replay", "--all", "--yes"],
        ["quarantine", "list"],
        ["buffer", "stats"],
        ["buffer", "export", "{stick}"],
        ["buffer", "import", "{bundle}"],
    ],
    ids=" ".join,
)
def test_no_command_lets_sqlite_drop_what_a_damaged_log_hides(
    config, damaged_log, bundle, tmp_path, command
):
    before = damaged_log.read_bytes()
    stick = tmp_path / "stick"
    arguments = [one.format(stick=stick, bundle=bundle) for one in command]
    done = CliRunner().invoke(app, [*arguments, "--config", str(config)])
    assert f"the log {damaged_log} is damaged" in str(done.exception)
    assert (damaged_log.read_bytes() == before, stick.exists()) == (True, False)


@pytest.fixture(params=["empty", "missing"])
def headless_log(outbox_path, request):
    """An outbox as a killed agent leaves it, without what was in its file."""
    of_version(outbox_path, 2)
    outbox_path.write_bytes(b"")
    if request.param == "missing":
        outbox_path.unlink()
    return outbox_path.with_name("outbox.db-wal")


@pytest.mark.parametrize(
    "command",
    [
        ["quarantine", "list"],
        ["quarantine", "discard", "--all", "--yes"],
        ["buffer", "verify"],
        ["buffer", "stats"],
        ["buffer", "export", "{stick}"],
        ["detect", "--explain", "A"],
    ],
    ids=" ".join,
)
def test_no_command_lets_sqlite_drop_a_log_without_its_file(
    config, headless_log, tmp_path, command
):
    before = headless_log.read_bytes()
    arguments = [one.format(stick=tmp_path / "stick") for one in command]
    done = CliRunner().invoke(app, [*arguments, "--config", str(config)])
    assert (done.exit_code, headless_log.read_bytes() == before) == (1, True)
    assert not (tmp_path / "stick").exists()


def test_what_is_lost_later_does_not_hide_that_nobody_knows_how_much_was_lost_before(
    config, headless_log, outbox_path
):
    run(config, "repair")
    with closing(sqlite3.connect(outbox_path)) as file:
        file.execute("UPDATE segment SET body = zeroblob(100) WHERE kind = 1")
        file.commit()
    outbox_path.with_name("outbox.db.damaged").write_text("a page is malformed")
    run(config, "repair")
    assert answer(config, "stats")["lost_rows"] == {"damaged": 60}
    assert "rows: 60 and an unknown number more lost to damage" in run(config, "stats")[1]


def test_a_log_without_its_file_is_told_and_repaired(config, headless_log, outbox_path):
    [fault] = answer(config, "verify", code=1)["faults"]
    code, said = run(config, "repair")
    assert (fault["place"], "its log is still there" in fault["fault"]) == (str(outbox_path), True)
    assert (code, "1 segments with 60 rows were salvaged" in said) == (1, True)
    assert "nobody knows what else the file held" in said
    assert answer(config, "verify")["segments"] == 1
    assert "an unknown number lost to damage" in run(config, "stats")[1]


def test_damage_that_sqlite_passes_over_is_told_and_repaired(config, damaged_log):
    [fault] = answer(config, "verify", code=1)["faults"]
    [report] = json.loads(run(config, "repair", "--json")[1])
    assert (fault["place"], "damaged" in fault["fault"]) == (str(damaged_log), True)
    assert report["segments"] >= 28  # of 30; the place may be anywhere in a commit
    assert answer(config, "verify")["faults"] == []


async def test_repair_does_not_work_beside_a_running_agent(config, outbox_path):
    async with open_outbox(outbox_path, max_bytes=50_000_000, spill_after=60):
        code, said = await asyncio.to_thread(run, config, "repair")
    assert (code, "another agent is using" in said) == (1, True)


def test_stats_count_what_waits_by_kind_and_stream(config, filled, outbox_path):
    figures = answer(config, "stats")
    [bulk] = figures["kinds"]
    [stream] = figures["streams"]
    assert (bulk["name"], bulk["segments"], bulk["rows"]) == ("bulk", 30, 1800)
    assert stream["name"] == str(filled[0].key.stream)
    assert (bulk["oldest_us"], bulk["size_bytes"]) == (START_US, sum(len(o.body) for o in filled))
    assert figures["free_disk_bytes"] > 0
    code, table = run(config, "stats")
    assert (code, "1800" in table, "MB free" in table) == (0, True, True)


@pytest.mark.parametrize("command", ["verify", "repair", "stats"])
def test_where_no_agent_ever_ran_that_is_said(config, command):
    code, said = run(config, command)
    assert (code, "has never run here" in said) == (1, True)


@pytest.mark.parametrize("command", ["verify", "stats", "export", "import"])
@pytest.mark.parametrize(
    ("version", "said"), [(3, "is of version 3, this agent knows up to 2"), (1, "brings it up to")]
)
def test_an_outbox_of_another_version_is_left_untouched(
    config, outbox_path, bundle, command, version, said
):
    of_version(outbox_path, version)
    before = {path: path.read_bytes() for path in files_of(outbox_path)}
    stick = bundle.with_name("stick")
    file = {"export": [str(stick)], "import": [str(bundle)]}.get(command, [])

    code, output = run(config, command, *file)

    assert (code, said in output) == (1, True)
    assert {path: path.read_bytes() for path in files_of(outbox_path)} == before
    assert not stick.exists()


def of_version(path, version):
    """An outbox as a killed agent of another version leaves it, with something in its log."""

    async def killed():
        async with open_outbox(path, max_bytes=50_000_000, spill_after=60) as outbox:
            await outbox.keep([made(0, stream=STREAM)], settled=asyncio.Event())
            with closing(sqlite3.connect(path)) as file:
                file.execute(f"PRAGMA user_version = {version}")
            return {one: one.read_bytes() for one in files_of(path)}

    for one, data in asyncio.run(killed()).items():
        one.write_bytes(data)


def files_of(path):
    return [path, path.with_name(f"{path.name}-wal")]
