"""A PostgreSQL that tests kill: the embedded one's programs, without what starts them again."""

import contextlib
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from collector.database import embedded
from collector.database.embedded_user import server_user
from collector.database.keeper import whose
from programs.processes import Process
from programs.waiting import wait_until


class PostgresProcess:
    """A server of its own, on a Unix socket, with every commit on disk before it is answered."""

    def __init__(self, folder: Path) -> None:
        """Make its cluster.

        Args:
            folder: Open to whom it runs as: PostgreSQL refuses to be root.
        """
        user = server_user()
        binaries = embedded._binaries()
        embedded._make_folder(folder, binaries=binaries, user=user)
        cluster = folder / "postgres"
        embedded._initialise(cluster, binaries=binaries, user=user)
        self._sockets = embedded._socket_folder(cluster, user=user)
        self._pid_file = cluster / "postmaster.pid"
        self._family: list[psutil.Process] = []
        self.url = f"postgresql://postgres@/heliograph?host={quote(str(self._sockets))}"
        self.process = Process(
            embedded._command(cluster, binaries=binaries, sockets=self._sockets),
            log=folder / "postgres.log",
            options={**whose(user), "cwd": cluster},
        )

    def launch(self) -> None:
        """Start it, not waiting until it is ready; what a killed one left behind is gone first."""
        wait_until(
            lambda: not any(each.is_running() for each in self._family),
            what="the children of the killed server end",
        )
        # A number that by now is another process would make PostgreSQL refuse.
        self._pid_file.unlink(missing_ok=True)
        self.process.launch()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self.launch()
        wait_until(self.answers, timeout=60, what=f"PostgreSQL ready: {self.process.tail()}")

    def answers(self) -> bool:
        """Tell whether it takes connections."""
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """Kill the postmaster; its children notice and end."""
        self._family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.end(signal.SIGKILL)

    def kill_backend(self, rng: random.Random) -> bool:
        """Kill one process that serves a connection, if there is one: all others begin anew."""
        backends = [
            child
            for child in psutil.Process(self.process.pid).children()
            if "postgres heliograph" in _title(child)
        ]
        if not backends:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            rng.choice(backends).kill()
        return True

    def discard(self) -> None:
        """End it in any case."""
        if self.process.runs:
            self.process.end(signal.SIGINT)
        if self._sockets != self._pid_file.parent:
            shutil.rmtree(self._sockets, ignore_errors=True)


@contextlib.contextmanager
def postgres_process() -> Iterator[PostgresProcess]:
    """Make a server and start it; it and its data end with the block."""
    # Not below pytest's folders, which are closed to others.
    with tempfile.TemporaryDirectory(prefix="heliograph-test-") as folder:
        server = PostgresProcess(Path(folder) / "data")
        try:
            server.start()
            yield server
        finally:
            server.discard()


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
