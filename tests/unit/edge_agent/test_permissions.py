"""What commands say to a user who may not look into the agent's folder."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.status import write_status

NOBODY = 65_534


@contextmanager
def without_rights(folder):
    """Be somebody who may not enter a folder, as its owner or as root."""
    folder.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


@pytest.fixture
def config(status_of):
    """A configuration all may read, and a state folder nobody else may look into."""
    with tempfile.TemporaryDirectory() as made:
        folder, state = Path(made), Path(made) / "state"
        folder.chmod(0o755)
        state.mkdir()
        outbox = state / "outbox.db"
        outbox.touch()
        write_status(state / "status.json", status_of(outbox=str(outbox)))
        path = folder / "edge-agent.toml"
        path.write_text(
            '[site]\nid = "alpha"\n[mqtt]\nurl = "mqtt://127.0.0.1"\n'
            '[upload]\ncollector_url = "http://127.0.0.1:1"\n'
            f'[identity]\npath = "{state}/identity.pem"\n[buffer]\npath = "{outbox}"\n'
        )
        yield path


@pytest.mark.parametrize(
    "words",
    ["status", "buffer stats", "buffer verify", "quarantine list", "quarantine discard 1",
     "model list"],
)  # fmt: skip
def test_who_may_not_look_is_told_so_and_as_whom_to_look(config, words):
    line = [*words.split(), "--config", str(config)]
    CliRunner().invoke(app, line)  # imports what it needs while that may be read
    with without_rights(config.with_name("state")):
        done = CliRunner().invoke(app, line)
    assert done.exit_code == 1
    assert "ermission denied; do it as root or as the agent's user" in str(done.exception)
    assert done.stdout == ""
