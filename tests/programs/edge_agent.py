"""A real edge agent: configured, enrolled and run as a process."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.cli import main
from edge_agent.status import Status, read_status
from programs.collector import CollectorServer
from programs.commands import run_command
from programs.processes import Process, inherited

EDGE_AGENT = str(Path(sys.executable).with_name("edge-agent"))


class EdgeAgent:
    """An agent that tests stop and start as they like; its outbox and its key stay."""

    def __init__(
        self,
        folder: Path,
        *,
        site: str,
        mqtt_url: str,
        collector: CollectorServer,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Write the configuration.

        Args:
            folder: Where all of the agent's files are.
            site: The site's id, which the collector must know.
            mqtt_url: The broker.
            collector: Where to send to.
            settings: Further keys of the configuration, by table.
            environment: What to run it with.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.site = site
        self._environment = dict(environment or {})
        self.config = folder / "edge-agent.toml"
        self._collector = collector
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind("")
        self._notify.setblocking(False)
        tables: dict[str, dict[str, Any]] = {
            "site": {"id": site},
            "mqtt": {"url": mqtt_url},
            "upload": {"collector_url": collector.url},
            "buffer": {"path": str(folder / "outbox.db")},
            "identity": {"path": str(folder / "identity.pem")},
        }
        for table, values in (settings or {}).items():
            tables.setdefault(table, {}).update(values)
        self.config.write_text(
            "\n".join(
                f"[{table}]\n"
                + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
                for table, values in tables.items()
            )
        )
        self.process = Process(
            [EDGE_AGENT, "run", "--config", str(self.config)],
            log=folder / "edge-agent.log",
            environment={
                "NOTIFY_SOCKET": "@" + self._notify.getsockname()[1:].decode(),
                **self._environment,
            },
        )

    def enroll(self) -> None:
        """Make a key and let the collector know it."""
        token = self._collector.command("enrollment", "create", self.site)["token"]
        done = self._run("enroll", HELIOGRAPH_ENROLLMENT_TOKEN=token)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it and wait until it says it is ready."""
        self.process.start(ready=self._said_ready)

    def launch(self) -> None:
        """Start it, not waiting until it is ready; what others before it said is forgotten."""
        with contextlib.suppress(BlockingIOError):
            while self._notify.recv(4096):
                pass
        self.process.launch()

    def stop(self) -> None:
        """Stop it in good order."""
        assert self.process.end() == 0, self.process.tail()

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        self.process.end(signal.SIGKILL)

    def command(self, *arguments: str) -> Any:
        """Run another command of the agent and return its JSON."""
        done = self._run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def report(self, *arguments: str) -> Any:
        """Run a command that reports and return its JSON, whether all is well or not."""
        done = self._run(*arguments, "--json")
        assert done.returncode in {0, 1}, done.stderr
        return json.loads(done.stdout)

    def status(self) -> Status:
        """Return what it last said of itself, as it stands in its file."""
        status = read_status(self.config.with_name("outbox.db"))
        assert status is not None
        return status

    def discard(self) -> None:
        """End it in any case."""
        self.process.discard()
        self._notify.close()

    def _run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        line = [EDGE_AGENT, *arguments, "--config", str(self.config)]
        if not self._environment:
            return run_command(main, line, environment=environment)
        return subprocess.run(
            line,
            env=inherited() | self._environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _said_ready(self) -> bool:
        try:
            return b"READY=1" in self._notify.recv(4096).split(b"\n")
        except BlockingIOError:
            return False
