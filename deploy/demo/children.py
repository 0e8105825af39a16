"""One of the demo's programs as a child process: started, watched, started again, stopped."""

import asyncio
import contextlib
import ctypes
import math
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from deploy.demo.errors import ChildFailedError
from deploy.demo.programs import surroundings

POLL_SECONDS: Final = 0.2
READY_SECONDS: Final = 180.0
RESTART_SECONDS: Final = 2.0
"""How long an ended program stays down, as under systemd with ``RestartSec=2``."""
QUICK_SECONDS: Final = 3.0
MOST_QUICK_ENDS: Final = 3
_TAIL_LINES: Final = 15
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and how to tell that it is up."""

    name: str
    """For people, and the name of its log."""
    command: Sequence[str]
    """The program and its arguments."""
    ready: Callable[[], Awaitable[bool]]
    """Whether it does its work by now."""
    marks: Sequence[str] = ()
    """Arguments by which a process in its place, started by somebody else, is recognised."""
    again: Sequence[str] = ()
    """The command when it is started again, if it differs."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the demo's own environment."""
    stop_seconds: float = 15.0
    """How long it may take to stop before it is ended by force."""


class Child:
    """One program's process."""

    def __init__(self, program: Program, *, logs: Path, say: Callable[[str], None]) -> None:
        self.program = program
        self.log = logs / f"{program.name.replace(' ', '-')}.log"
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0
        """The process that does this program's work, or last did."""

    async def start(self, *, again: bool = False) -> None:
        """Start the program and wait until it is ready.

        Args:
            again: Whether it ran before.

        Raises:
            ChildFailedError: It ended instead, or is not ready in time.
        """
        command = (again and self.program.again) or self.program.command
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns at once; our own programs
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=surroundings() | dict(self.program.environment),
                process_group=0,
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - the demo has one thread
            )
        deadline = monotonic() + READY_SECONDS
        while not await self.program.ready():
            if self._process.poll() is not None:
                raise self._failed(f"ended at its start ({_outcome(self._process.returncode)})")
            if monotonic() > deadline:
                await self.stop()
                raise self._failed(f"is not ready after {READY_SECONDS:g} s")
            await asyncio.sleep(POLL_SECONDS)
        self.pid = self._process.pid

    async def keep(self, changed: Callable[[], None]) -> None:
        """Watch the process and start the program again whenever it ends.

        Args:
            changed: Called when another process does the work.

        Raises:
            ChildFailedError: It ended at once several times in a row.
        """
        quick_ends = 0
        while True:
            since = monotonic()
            await self._ended()
            quick_ends = quick_ends + 1 if monotonic() - since < QUICK_SECONDS else 0
            if quick_ends >= MOST_QUICK_ENDS:
                raise self._failed("ends as soon as it is started")
            await self._start_again(changed)

    async def stop(self) -> None:
        """End the process: by request first, by force when it does not within its time."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            if await _over(process, seconds=self.program.stop_seconds):
                return
            self._say(f"{self.program.name} does not stop; ending it by force")

    async def _start_again(self, changed: Callable[[], None]) -> None:
        for attempts_left in reversed(range(MOST_QUICK_ENDS)):
            await asyncio.sleep(RESTART_SECONDS)
            await self._wait_for_stand_in(changed)
            try:
                await self.start(again=True)
            except ChildFailedError:
                if not attempts_left:
                    raise
            else:
                self._say(f"{self.program.name} runs again, process {self.pid}")
                changed()
                return

    async def _ended(self) -> None:
        assert self._process is not None  # noqa: S101 - start() comes first
        await _over(self._process)
        outcome = _outcome(self._process.returncode)
        self._say(f"{self.program.name} ended ({outcome}); starting it again")

    async def _wait_for_stand_in(self, changed: Callable[[], None]) -> None:
        """Let a process that somebody started in this one's place do the work, until it ends."""
        while (pid := _find(self.program.marks)) is not None:
            if pid != self.pid:
                self._say(f"process {pid} has taken the place of {self.program.name}")
                self.pid = pid
                changed()
            await asyncio.sleep(POLL_SECONDS)

    def _failed(self, what: str) -> ChildFailedError:
        text = self.log.read_text(errors="replace")
        tail = "\n".join(text.splitlines()[-_TAIL_LINES:])
        return ChildFailedError(f"{self.program.name} {what}; the end of {self.log}:\n{tail}")


def _end_with(parent: int) -> Callable[[], None]:
    """Return what a new process does first: ask the kernel for SIGTERM when the demo is gone."""

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask


async def _over(process: subprocess.Popen[bytes], *, seconds: float = math.inf) -> bool:
    """Wait for a process to end; False when it does not in time."""
    deadline = monotonic() + seconds
    while process.poll() is None and monotonic() < deadline:  # noqa: ASYNC110 - as waitpid wants it
        await asyncio.sleep(POLL_SECONDS)
    return process.poll() is not None


def _outcome(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def _find(marks: Sequence[str]) -> int | None:
    """Return a process that was started with all of these arguments."""
    if not marks:
        return None
    wanted = {os.fsencode(mark) for mark in marks}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted <= set((folder / "cmdline").read_bytes().split(b"\0")):
                return int(folder.name)
    return None
