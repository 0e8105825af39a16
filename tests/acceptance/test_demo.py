import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from deploy.demo.errors import DemoError
from deploy.demo.plan import Plan
from programs.processes import Process, inherited

ROOT = Path(__file__).parents[2]
NAMES = [
    "COLLECTOR_URL",
    "MQTT_URL_ALPHA",
    "MQTT_URL_BETA",
    "ADMIN_TOKEN",
    "VIEWER_TOKEN",
    "ALPHA_CONFIG",
    "BETA_CONFIG",
    "ALPHA_PID",
    "BETA_PID",
    "COLLECTOR_PID",
]


def processes_of(folder):
    """Every process that works in the demo's folder or was told its path."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        if os.fsencode(folder) in words and int(process.name) != os.getpid():
            found.append(words.replace(b"\0", b" "))
    return found


class Demo:
    def __init__(self, folder, *, port):
        self.folder = folder
        self.environment = {
            "DEMO_PORT": str(port),
            "PYTHONPATH": str(ROOT),
            "DEMO_HISTORY_HOURS": "1",
        }
        # The demo keeps its state where it is started.
        self.process = Process(
            ["env", f"--chdir={folder}", sys.executable, "-m", "deploy.demo"],
            log=folder / "demo.log",
            environment=self.environment,
        )

    @property
    def is_up(self):
        return bool(self.env())

    def env(self):
        try:
            lines = shlex.split((self.folder / ".demo" / "env").read_text())
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def demo_folder():
    # One for all: a demo is quick on its state. Not below pytest's folders, which root's
    # PostgreSQL user may not always pass through.
    with tempfile.TemporaryDirectory(prefix="heliograph-demo-") as folder:
        yield Path(folder)


@pytest.fixture
def demo(demo_folder, free_port):
    demo = Demo(demo_folder, port=free_port())
    yield demo
    demo.process.discard()


def sites(env):
    answer = httpx.get(
        f"{env['COLLECTOR_URL']}/api/sites",
        headers={"Authorization": f"Bearer {env['VIEWER_TOKEN']}"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_demo_ends_by_itself_and_leaves_nothing(demo_folder, free_port):
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo"],
        cwd=demo_folder,
        env=inherited()
        | {
            "DEMO_SECONDS": "5",
            "DEMO_HISTORY_HOURS": "1",
            "DEMO_PORT": str(free_port()),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(demo_folder) == []
    assert not (demo_folder / ".demo" / "env").exists()


def test_the_demo_says_where_everything_is_and_starts_again_what_ends(demo, wait_until):
    demo.process.start(ready=lambda: demo.is_up, timeout=120)
    before = demo.env()
    assert list(before) == NAMES
    assert stat.S_IMODE((demo.folder / ".demo" / "env").stat().st_mode) == 0o600
    assert {site["site"] for site in sites(before)} == {"alpha", "beta"}
    for name in ("ALPHA", "BETA"):
        assert before[f"{name}_CONFIG"].encode() in Path(
            f"/proc/{before[f'{name}_PID']}/cmdline"
        ).read_bytes().split(b"\0")
    assert httpx.get(before["COLLECTOR_URL"]).status_code == 200

    os.kill(int(before["ALPHA_PID"]), signal.SIGKILL)
    os.kill(int(before["COLLECTOR_PID"]), signal.SIGTERM)
    wait_until(
        lambda: (
            demo.env()["ALPHA_PID"] != before["ALPHA_PID"]
            and demo.env()["COLLECTOR_PID"] != before["COLLECTOR_PID"]
        ),
        timeout=60,
        what="both have another process",
    )
    assert {site["site"] for site in sites(demo.env())} == {"alpha", "beta"}

    demo.process.end(signal.SIGKILL)
    wait_until(lambda: processes_of(demo.folder) == [], timeout=60, what="everything ends")


def test_a_demo_after_one_that_was_killed_runs_and_stops_when_asked(demo):
    before = demo.env()
    demo.process.start(ready=lambda: demo.env() not in ({}, before), timeout=120)
    assert {site["site"] for site in sites(demo.env())} == {"alpha", "beta"}
    assert demo.process.end(signal.SIGINT, timeout=60) == 0, demo.process.tail()
    assert processes_of(demo.folder) == []


@pytest.mark.parametrize("name", ["DEMO_SECONDS", "DEMO_HISTORY_HOURS"])
@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_demo_that_is_told_no_number_says_so(tmp_path, name, value):
    with pytest.raises(DemoError, match=f"{name} is '{value}', allowed is a number above 0"):
        Plan.of({name: value}, folder=tmp_path)


def test_a_demo_that_cannot_have_its_port_says_which(demo_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "deploy.demo"],
            cwd=demo_folder,
            env=inherited() | {"DEMO_PORT": str(port), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert str(port) in done.stdout + done.stderr
