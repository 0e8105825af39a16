"""One process of a program under test: started, killed, started again, and never left behind."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from programs.waiting import wait_until


class Process:
    """A program that tests start and stop as they like."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare it.

        Args:
            command: What to run.
            log: Where its output goes.
            environment: Variables it gets beside the inherited ones.
            options: Further arguments of `subprocess.Popen`.
        """
        self.command = command
        self.log = log
        self.environment = dict(environment or {})
        """Of the next start, beside what this process has."""
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self.runs, f"{self.command[0]} does not run: {self.tail()}"
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it runs at this moment."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, ready: Callable[[], bool], timeout: float = 60.0) -> None:
        """Start it and wait until it is ready."""
        self.launch()

        def ready_or_over() -> bool:
            assert self.runs, f"{self.command} ended at its start: {self.tail()}"
            return ready()

        wait_until(ready_or_over, timeout=timeout, what=f"{self.command} ready: {self.tail()}")

    def launch(self) -> None:
        """Start it, not waiting until it is ready."""
        assert not self.runs
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=inherited() | self.environment,
                process_group=0,
                **self._options,
            )

    def end(self, number: signal.Signals = signal.SIGTERM, *, timeout: float = 20.0) -> int:
        """Send a signal and return the exit code, negative when the signal ended it."""
        if self.runs:
            os.kill(self._process.pid, number)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command} ignores {number.name}: {self.tail()}") from None

    def discard(self) -> None:
        """End it in any case."""
        if self.runs:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)

    def last_words(self) -> str:
        """Return how it ended, and what it said before."""
        code = None if self._process is None else self._process.poll()
        return f"exit code {code}: {self.tail()}"

    def tail(self) -> str:
        """Return the end of what it said."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""


def inherited() -> dict[str, str]:
    """Return this process's environment, without settings of another Heliograph."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
