"""What all tests share: real brokers, a real database, the real programs."""

import os
import sys
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from edge_agent.status import Status
from programs.collector import CollectorServer
from programs.edge_agent import EdgeAgent
from programs.mosquitto import Mosquitto
from programs.postgres import is_timescale, postgres
from programs.processes import Process
from programs.soak import Proof, rounds, summary
from programs.waiting import accepts, free_port, wait_until

_TESTS = Path(__file__).parent
_WORKER = "PYTEST_XDIST_WORKER"
_ELSEWHERE = {"acceptance", "browser", "timescale"}
_COUNTED = pytest.StashKey[set[str]]()

WELL = {
    "version": "1",
    "pid": 1,
    "site": "alpha",
    "gateway_id": "gw-1",
    "started_at": 0.0,
    "written_at": 1000.0,
    "broker": "mqtt://h:1883",
    "broker_connected": True,
    "broker_trouble": None,
    "received_messages": 10,
    "dropped_messages": 0,
    "retained_messages": 0,
    "readings": 10,
    "readings_per_second": 1.0,
    "collector": "https://c.example",
    "collector_there": True,
    "collector_trouble": None,
    "collector_since": 0.0,
    "receipt_at": 999.0,
    "clock_offset_seconds": 0.0,
    "uploaded_rows": 10,
    "uploaded_bytes": 100,
    "outbox": "/o.db",
    "outbox_segments": 0,
    "outbox_rows": 0,
    "outbox_bytes": 0,
    "outbox_oldest_at": None,
    "outbox_full": False,
    "waiting_rows": 0,
    "set_aside": 0,
    "quarantined": 0,
    "quarantine_entries": 0,
    "quarantine_dropped": 0,
    "quarantine_reason": None,
    "detector_trouble": None,
}

hypothesis.settings.register_profile(
    "heliograph", deadline=None, max_examples=rounds(25, soak=1_000)
)
hypothesis.settings.load_profile("heliograph")


def pytest_collection_modifyitems(items):
    """Have every property tried with more examples by `make soak`."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.soak)


class _Scheduling(LoadScopeScheduling):
    """Gives a worker the tests of a file together, and those of a whole folder where that pays.

    The database and the browser of these are started once in each worker, which takes long.
    """

    def _split_scope(self, nodeid):
        folder = nodeid.removeprefix("tests/").split("/")[0]
        return folder if folder in {"browser", "timescale"} else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """Have tests given out so."""
    return _Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """End what pytest-cov counts in a worker before it knows it for one: no pause reaches that."""
    if _WORKER in os.environ and (counting := _counting(session)):
        counting.pause()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Count in one worker what importing covers: all import the same, in half the time."""
    uncounted = os.environ.get(_WORKER, "gw0") != "gw0"
    with _paused(session) if uncounted else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Count nothing where it tells little, but takes time all the same.

    That is where other processes, a browser or a database do the work, where a property is tried,
    most of which is trying, and in all cases of a test but the first.
    """
    elsewhere = _ELSEWHERE & set(item.path.relative_to(_TESTS).parts)
    name = item.nodeid.partition("[")[0]
    counted = item.session.stash.setdefault(_COUNTED, set())
    uncounted = elsewhere or name in counted or item.get_closest_marker("soak")
    counted.add(name)
    with _paused(item.session) if uncounted else nullcontext():
        return (yield)


@contextmanager
def _paused(session):
    counting = _counting(session)
    if counting is None:
        yield
        return
    counting.pause()
    try:
        yield
    finally:
        counting.resume()


def _counting(session):
    """Return what counts coverage; None when nothing does."""
    return getattr(session.config.pluginmanager.getplugin("_cov"), "cov_controller", None)


def pytest_terminal_summary(terminalreporter):
    """Print what the tests of crashes, cuts, outages and damage have tried, and what was lost."""
    reports = [
        each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, [])
    ]
    kept = [pair for each in reports if each.when == "call" for pair in each.user_properties]
    proofs = [Proof(**value) for name, value in kept if name == "proof"]
    if proofs:
        terminalreporter.section("nothing is lost")
        for line in summary(proofs):
            terminalreporter.write_line(line)


@pytest.fixture
def status_of():
    """`status_of(**changes)`: an agent's status in which all is well, but for what is given."""
    return lambda **changes: Status(**(WELL | changes))


@pytest.fixture
def proof(record_property):
    """`proof(what, cases=, readings=, lost=, doubled=, note=)`: a line of the table at the end."""

    def note(what, *, cases, readings, lost, doubled=0, note=""):
        made = Proof(what, cases, readings, lost, doubled, note)
        record_property("proof", asdict(made))

    return note


@pytest.fixture(name="wait_until", scope="session")
def wait_until_fixture():
    """`wait_until(condition, timeout=20, what="")`: polls what other processes bring about."""
    return wait_until


@pytest.fixture(name="free_port", scope="session")
def free_port_fixture():
    """`free_port()`: a port of 127.0.0.1 that nobody uses."""
    return free_port


@pytest.fixture
def mosquitto(tmp_path):
    """`mosquitto(extra="")`: starts a broker with persistence; restart, stop, kill, start it."""
    with ExitStack() as stack:

        def start(extra=""):
            broker = Mosquitto(tmp_path / f"mosquitto-{free_port()}", extra=extra)
            stack.callback(broker.discard)
            broker.start()
            return broker

        yield start


@pytest.fixture
def iotcore_broker(tmp_path):
    """The port of the demo's broker, which takes MQTT 3.1.1 and 5."""
    port = free_port()
    broker = Process(
        [sys.executable, "-m", "deploy.demo.broker", str(port)], log=tmp_path / "iotcore.log"
    )
    broker.start(ready=lambda: accepts(port))
    yield port
    broker.discard()


@pytest.fixture(scope="session")
def postgres_server():
    """One server for the whole session."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def plain_server(postgres_server):
    """The same; the embedded one where that has TimescaleDB."""
    if not is_timescale(postgres_server.url):
        yield postgres_server
        return
    with postgres(None) as server:
        yield server


@pytest.fixture
def plain_url(plain_server):
    """A migrated, empty database without TimescaleDB."""
    with plain_server.database() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server):
    """A migrated, empty database of this test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def collector_server(tmp_path, postgres_url):
    """A running collector with an empty database."""
    server = CollectorServer(tmp_path / "collector", database_url=postgres_url)
    try:
        server.start()
        yield server
    finally:
        server.discard()


@pytest.fixture
def edge_agent_process(tmp_path, collector_server):
    """`edge_agent_process(site, mqtt_url, settings={}, start=True)`: an enrolled agent, running."""
    with ExitStack() as stack:

        def make(site, mqtt_url, settings=None, *, start=True):
            collector_server.command("site", "add", site)
            agent = EdgeAgent(
                tmp_path / f"agent-{site}",
                site=site,
                mqtt_url=mqtt_url,
                collector=collector_server,
                settings=settings,
            )
            stack.callback(agent.discard)
            agent.enroll()
            if start:
                agent.start()
            return agent

        yield make
