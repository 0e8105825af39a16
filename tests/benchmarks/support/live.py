"""A whole installation for benchmarks: broker, database, collector and agent as real processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from programs.collector import CollectorServer
from programs.edge_agent import EdgeAgent
from programs.mosquitto import Mosquitto
from programs.postgres import postgres
from programs.waiting import wait_until

SITE = "bench"


@dataclass(frozen=True)
class Live:
    """What runs."""

    broker: Mosquitto
    collector: CollectorServer
    agent: EdgeAgent
    database_url: str

    def publisher(self, *, panels: int, rate: int, seconds: int) -> subprocess.Popen[str]:
        """Start publishing at an even pace; its output is the number acknowledged."""
        script = Path(__file__).with_name("paced.py")
        arguments = [str(value) for value in (self.broker.port, panels, rate, seconds)]
        return subprocess.Popen(
            [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True
        )

    def wait_for_rows(self, expected: int) -> int:
        """Wait until at least so many rows are committed, and return how many there are."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:

            def count() -> int:
                return connection.execute("SELECT count(*) FROM reading_raw").fetchone()[0]

            wait_until(lambda: count() >= expected, timeout=30, what=f"{expected} rows")
            return count()


@contextmanager
def live(*, profile: str, track_commits: bool = False) -> Iterator[Live]:
    """Run an installation with one enrolled agent.

    Args:
        profile: The agent's upload profile.
        track_commits: Whether the database notes when each transaction committed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres())
        if track_commits:
            _track_commits(server.url)
        url = stack.enter_context(server.database())
        broker = Mosquitto(folder / "broker")
        stack.callback(broker.discard)
        broker.start()
        collector = CollectorServer(folder / "collector", database_url=url)
        stack.callback(collector.discard)
        collector.start()
        collector.command("site", "add", SITE)
        agent = EdgeAgent(
            folder / "agent",
            site=SITE,
            mqtt_url=broker.url,
            collector=collector,
            settings={"upload": {"profile": profile}},
        )
        stack.callback(agent.discard)
        agent.enroll()
        agent.start()
        yield Live(broker, collector, agent, url)


def _track_commits(url: str) -> None:
    """Switch commit times on by a restart, which the embedded server's keeper brings about."""
    with psycopg.connect(url, autocommit=True) as connection:
        if _tracks_commits(connection):
            return
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        (folder,) = connection.execute("SHOW data_directory").fetchone()
    os.kill(int(Path(folder, "postmaster.pid").read_text().split("\n")[0]), signal.SIGINT)

    def restarted() -> bool:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                return _tracks_commits(connection)
        except psycopg.OperationalError:
            return False

    wait_until(restarted, timeout=30, what="the database tracks commit times")


def _tracks_commits(connection: psycopg.Connection) -> bool:
    return connection.execute("SHOW track_commit_timestamp").fetchone() == ("on",)
