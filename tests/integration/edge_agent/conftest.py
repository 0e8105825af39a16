import asyncio
import contextlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import gmqtt
import pytest

from edge_agent.cli import main
from programs.commands import run_command
from programs.mosquitto import Mosquitto

# Test folders are no packages: helpers beside a conftest are loaded by their path.
_spec = importlib.util.spec_from_file_location(
    "edge_collector_double", Path(__file__).with_name("collector.py")
)
_double = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_double)
Collector = _double.Collector


@pytest.fixture
def mosquitto(tmp_path):
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.discard()


@pytest.fixture(params=["mosquitto", "iotcore"])
def any_broker_port(request):
    """The port of a broker, each of those we support."""
    if request.param == "mosquitto":
        return request.getfixturevalue("mosquitto").port
    return request.getfixturevalue("iotcore_broker")


class Proxy:
    """Stands between client and broker, and can cut the line."""

    def __init__(self, target):
        self._target = target
        self._writers = set()
        self._tasks = set()
        self._server = None
        self.port = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        # One accepted at the last moment is served only now.
        while any(not task.done() for task in self._tasks):
            self.cut()
            await asyncio.wait(self._tasks, timeout=0.05)

    @property
    def lines(self):
        """How many connections have not been closed by both sides."""
        return len(self._writers) // 2

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Publisher:
    """Publishes at QoS 1 as a panel would."""

    def __init__(self, port):
        self._port = port
        self._client = None

    async def __aenter__(self):
        self._client = gmqtt.Client(None)
        await self._client.connect("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_):
        await self._client.disconnect()

    def send(self, topic, payload, *, qos=1, retain=False):
        self._client.publish(topic, payload, qos=qos, retain=retain)


@pytest.fixture
def publisher_of():
    return Publisher


@pytest.fixture
def proxy_of():
    return Proxy


async def until(condition, *, seconds=120.0, what=""):
    """Wait for a condition on real I/O; polls, for there is no event to wait on.

    An agent that was refused waits up to 20 s by itself before it asks again.
    """
    deadline = (began := time.monotonic()) + seconds
    while not condition():
        if (ended := time.monotonic()) > deadline:
            raise AssertionError(f"never happened: {what or condition}")
        await asyncio.sleep(max(0.02, 2 * (ended - began)))
        began = time.monotonic()


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture
def mosquitto_of():
    return Mosquitto


@pytest.fixture
def python():
    return sys.executable


class AgentProcess:
    """A real `edge-agent run` in a process of its own."""

    def __init__(self, folder, *, broker_port, collector_url, extra=""):
        self.folder = folder
        self.outbox = folder / "outbox.db"
        self.config = folder / "edge-agent.toml"
        self.log = folder / "agent.log"
        self.config.write_text(
            f'[site]\nid = "alpha"\n[mqtt]\nurl = "mqtt://127.0.0.1:{broker_port}"\n'
            f'[upload]\ncollector_url = "{collector_url}"\n'
            f'[identity]\npath = "{folder}/identity.pem"\n'
            f'[buffer]\npath = "{self.outbox}"\n{extra}'
        )
        self._process = None

    def command(self, *arguments, given="", **environment):
        line = ["edge-agent", *arguments, "--config", str(self.config)]
        return run_command(main, line, environment=environment, given=given)

    async def run(self, *arguments, given="", **environment):
        return await asyncio.to_thread(self.command, *arguments, given=given, **environment)

    def beside(self):
        """Run a second agent, in a process of its own, until it gives up."""
        return subprocess.run(
            [sys.executable, "-c", "from edge_agent.cli import main; main()", "run",
             "--config", str(self.config)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    async def start(self):
        with self.log.open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "from edge_agent.cli import main; main()",
                "run", "--config", str(self.config), stderr=log,
            )  # fmt: skip
        count = self.log.read_text().count("connected to the broker")
        await until(
            lambda: self.log.read_text().count("connected to the broker") > count,
            what=f"connected: {self.log.read_text()}",
        )

    async def stop(self):
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 20)

    async def kill(self):
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
async def collector():
    double = Collector()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
async def agent(tmp_path, mosquitto, collector):
    """An enrolled agent beside Mosquitto and a collector; not yet started."""
    process = AgentProcess(tmp_path, broker_port=mosquitto.port, collector_url=collector.url)
    enrolled = await process.run("enroll", "--token", "good")
    assert enrolled.returncode == 0, enrolled.stderr
    yield process
    await process.kill()


@pytest.fixture
def agent_of():
    """The class of agents, for those that live elsewhere."""
    return AgentProcess
