"""The agent lives with what the unit of `edge-agent install-service` takes from it."""

import json
import subprocess
import sys

import pytest

from programs import sandbox, systemd
from programs.publisher import publish, reading

UNIT = "heliograph-edge.service"


@pytest.fixture
def unit(whole_path, tmp_path):
    systemd.analyze()
    path = tmp_path / UNIT
    path.write_text(
        subprocess.run(
            [whole_path.agent.process.command[0], "install-service", "--print", "--user", "solar",
             "--config", str(whole_path.agent.config)],
            capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    return path


def test_an_agent_under_the_units_filter_of_system_calls_collects(whole_path, unit, wait_until):
    process, panel = whole_path.agent.process, whole_path.panel()
    whole_path.agent.stop()
    plain = process.command
    process.command = sandbox.command(unit, around=list(plain))
    try:
        whole_path.agent.start()
        payload = json.dumps(reading(panel)).encode()
        publish(whole_path.broker.port, f"sensors/{panel}/readings", payload)
        wait_until(lambda: whole_path.count(panel) == 1, what="its reading is stored")
    finally:
        whole_path.agent.stop()
        process.command = plain


def test_the_units_filter_lets_the_agent_ask_whether_the_clock_is_synchronised(unit):
    asks = "import ctypes; print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))"
    command = sandbox.command(unit, around=[sys.executable, "-c", asks])
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(answer) >= 0


def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
