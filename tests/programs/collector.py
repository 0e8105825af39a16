"""A real collector: `collector serve` as a process, with a database, tokens and sites."""

import json
import signal
import sys
from collections.abc import Container
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from collector.cli import main
from programs.commands import run_command
from programs.processes import Process
from programs.waiting import free_port

COLLECTOR = str(Path(sys.executable).with_name("collector"))


class CollectorServer:
    """A collector that tests stop and start as they like; its port and its database stay."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {"HELIOGRAPH_DATABASE_URL": database_url}
        options = ["--host", "127.0.0.1", "--port", str(self.port)]
        self.process = Process(
            [COLLECTOR, "serve", *options],
            log=folder / "collector.log",
            environment=self.environment,
        )
        self._tokens: dict[tuple[str, str], str] = {}

    def start(self) -> None:
        """Start it and wait until it says it is ready."""
        self.process.start(ready=self._is_ready)

    def launch(self) -> None:
        """Start it, not waiting until it is ready."""
        self.process.launch()

    def stop(self) -> None:
        """Stop it in good order."""
        assert self.process.end() == 0, self.process.tail()

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        self.process.end(signal.SIGKILL)

    def command(self, *arguments: str) -> Any:
        """Run another command of the collector on the same database and return its JSON."""
        line = ["collector", *arguments, "--json"]
        done = run_command(main, line, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def token(self, role: str = "viewer", *, site: str = "") -> str:
        """Return an API token of a role, the same each time."""
        if (role, site) not in self._tokens:
            options = ["--site", site] if site else []
            created = self.command("token", "create", f"test-{role}", "--role", role, *options)
            self._tokens[role, site] = created["token"]
        return self._tokens[role, site]

    def get(
        self,
        path: str,
        *,
        role: str = "viewer",
        expect: Container[int] = (HTTPStatus.OK,),
        **parameters: Any,
    ) -> Any:
        """Ask a question and return the answer's JSON; its status must be an expected one."""
        answer = httpx.get(
            self.url + path,
            params=parameters,
            headers={"Authorization": f"Bearer {self.token(role)}"},
            timeout=30,
        )
        assert answer.status_code in expect, answer.text
        return answer.json()

    def discard(self) -> None:
        """End it in any case."""
        self.process.discard()

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/health/ready", timeout=2)
        except httpx.HTTPError:
            return False
        return answer.status_code == HTTPStatus.OK
