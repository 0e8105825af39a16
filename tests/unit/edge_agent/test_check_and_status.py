"""What `check` and `status` say, most of all of a disk that takes no writes or has no room."""

import json
import resource
import time

import pytest
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.diagnosis import problems
from edge_agent.outbox.lock import locked
from edge_agent.status import write_status


@pytest.fixture
def outbox(tmp_path, status_of):
    """An outbox whose agent last wrote a minute ago."""
    path = tmp_path / "outbox.db"
    path.touch()
    moment = time.time() - 60
    write_status(tmp_path / "status.json", status_of(outbox=str(path), written_at=moment))
    return path


@pytest.fixture
def without_writes():
    """Let every write to a file fail, while making one still works."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def answer(outbox, command, *, buffer=""):
    config = outbox.with_name("edge-agent.toml")
    if not config.exists():
        config.write_text(
            '[site]\nid = "alpha"\n[mqtt]\nurl = "mqtt://127.0.0.1:1"\n'
            '[upload]\ncollector_url = "http://127.0.0.1:1"\n'
            f'[identity]\npath = "{outbox.parent}/identity.pem"\n'
            f'[buffer]\npath = "{outbox}"\n{buffer}'
        )
    return json.loads(CliRunner().invoke(app, [command, "--json", "--config", str(config)]).stdout)


def checked(outbox, name, **options):
    return next(one for one in answer(outbox, "check", **options) if one["check"] == name)


def test_a_disk_that_takes_no_writes_is_found_out_by_writing(outbox, request):
    answer(outbox, "status")  # writes the configuration
    request.getfixturevalue("without_writes")
    with locked(outbox):
        disk, agent = answer(outbox, "status")["problems"]
    assert disk == f"the disk of {outbox} takes no writes: File too large"
    assert "the agent runs but cannot write its status" in agent
    found = checked(outbox, "outbox")
    assert (found["ok"], found["detail"]) == (False, disk)


def test_the_status_tells_losses_in_words_and_is_silent_about_zeros(outbox, status_of):
    lost = {"over_size": 7, "damaged": 0, "discarded": 0}
    write_status(outbox.with_name("status.json"), status_of(outbox=str(outbox), lost_rows=lost))
    config = str(outbox.with_name("edge-agent.toml"))
    answer(outbox, "status")
    shown = CliRunner().invoke(app, ["status", "--config", config]).stdout
    assert "rows: 7 given up because the outbox was full" in shown
    assert "an unknown number lost to damage" in shown
    assert "0 discarded" not in shown
    assert "held back" not in shown


def test_the_status_tells_of_losses_of_known_and_of_unknown_size_by_one_reason(outbox, status_of):
    lost = {"lost_rows": {"damaged": 1234}, "lost_uncounted": {"damaged": 2}}
    now = {"lost_rows_now": {"damaged": 34}, "lost_uncounted_now": {"damaged": 1}}
    status = status_of(outbox=str(outbox), **lost, **now)
    write_status(outbox.with_name("status.json"), status)
    answer(outbox, "status")
    config = str(outbox.with_name("edge-agent.toml"))
    shown = CliRunner().invoke(app, ["status", "--config", config]).stdout
    assert "rows: 1234 and an unknown number more lost to damage of the outbox file" in shown
    [problem] = problems(status, now=1000.0)
    assert "34 and an unknown number more lost to damage" in problem


def test_trying_whether_a_disk_takes_writes_leaves_nothing_behind(outbox):
    before = set(outbox.parent.iterdir())
    answer(outbox, "status")
    assert {one.name for one in set(outbox.parent.iterdir()) - before} == {"edge-agent.toml"}


def test_a_check_calls_no_file_safe_that_is_not_there(outbox):
    detail = checked(outbox, "secret files")["detail"]
    assert detail == f"{outbox.parent}/identity.pem is not there"


def test_a_check_looks_at_the_room_left_also_once_there_is_an_outbox(outbox):
    found = checked(outbox, "outbox", buffer="min_free_megabytes = 100_000_000\n")
    assert not found["ok"]
    assert "MB free (min_free_megabytes = 100000000): make room on it" in found["detail"]


@pytest.mark.parametrize("missing", [True, False])
def test_a_check_calls_no_outbox_well_of_which_only_the_log_is_left(outbox, missing):
    outbox.with_name("outbox.db-wal").write_bytes(b"\x37" * 4_096)
    if missing:
        outbox.unlink()
    found = checked(outbox, "outbox")
    assert (found["ok"], "its log is still there" in found["detail"]) == (False, True)
    assert outbox.exists() is not missing
