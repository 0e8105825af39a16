"""A real Mosquitto that can be stopped and started again on its port, with what it holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from programs.mosquitto import Mosquitto, client

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("panel-simulator")


class Broker(Mosquitto):
    """A Mosquitto that can keep messages for a client that is away, and hand them out."""

    def keep_for(self, name):
        """Make the broker queue all messages from now on for a client that is away."""
        subprocess.run([*self._listener(name), "-E"], check=True, timeout=60)

    def kept_for(self, name):
        """Return what it queued: topics and payloads."""
        publish = client("mosquitto_pub")
        address = ("-h", "127.0.0.1", "-p", str(self.port))
        last = ("-t", "sensors/last", "-q", "1", "-m", "{}")
        subprocess.run([publish, *address, *last], check=True, timeout=60)
        command = [*self._listener(name), "-F", "%t %p"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            messages = []
            for line in process.stdout:
                messages.append(line.rstrip("\n").split(" ", 1))
                if messages[-1][0] == "sensors/last":
                    process.terminate()
                    return messages[:-1]
        raise AssertionError("the broker went away")

    def _listener(self, name):
        address = (client("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(self.port))
        return (*address, "-q", "1", "-c", "-i", name, "-t", "sensors/#", "-t", "site/#")


@pytest.fixture
def broker(tmp_path):
    server = Broker(tmp_path / "broker")
    server.start()
    yield server
    server.discard()


@pytest.fixture
def broker_with(tmp_path):
    """Start brokers that let in only whom these lines of their configuration name."""
    servers = []

    def start(*lines):
        folder, extra = tmp_path / f"broker-{len(servers)}", "\n".join((*lines, ""))
        servers.append(Broker(folder, extra=extra, anonymous=False))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.discard()


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
