"""A real Mosquitto that can be stopped and started again on its port, with what it holds."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("panel-simulator")


def until(condition, *, seconds=20.0):
    """Wait for a condition that comes true in another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Mosquitto:
    """One broker on loopback; ``lines`` are added to its configuration."""

    def __init__(self, folder, *lines):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            "\n".join(
                (
                    f"listener {self.port} 127.0.0.1",
                    "persistence true",
                    f"persistence_location {folder}/",
                    "max_queued_messages 0",
                    *(() if os.geteuid() else ("user root",)),
                    *(lines or ("allow_anonymous true",)),
                    "",
                )
            )
        )
        self._process = None

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen(
            [program, "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def keep_for(self, client):
        """Make the broker queue all messages from now on for a client that is away."""
        subprocess.run([*self._listener(client), "-E"], check=True, timeout=60)

    def kept_for(self, client):
        """Return what it queued: topics and payloads."""
        publish = shutil.which("mosquitto_pub")
        address = ("-h", "127.0.0.1", "-p", str(self.port))
        last = ("-t", "sensors/last", "-q", "1", "-m", "{}")
        subprocess.run([publish, *address, *last], check=True, timeout=60)
        command = [*self._listener(client), "-F", "%t %p"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            messages = []
            for line in process.stdout:
                messages.append(line.rstrip("\n").split(" ", 1))
                if messages[-1][0] == "sensors/last":
                    process.terminate()
                    return messages[:-1]
        raise AssertionError("the broker went away")

    def _listener(self, client):
        program = shutil.which("mosquitto_sub")
        assert program, "mosquitto_sub is missing: apt-get install mosquitto-clients"
        address = (program, "-h", "127.0.0.1", "-p", str(self.port))
        return (*address, "-q", "1", "-c", "-i", client, "-t", "sensors/#", "-t", "site/#")

    def _answers(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@pytest.fixture
def broker(tmp_path):
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def broker_with(tmp_path):
    servers = []

    def start(*lines):
        servers.append(Mosquitto(tmp_path, *lines))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def simulator():
    """Start the real command; it is ended when the test is."""
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()
