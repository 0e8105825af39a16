"""All of the demo's child processes: started and watched together, stopped in reverse order."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.demo.children import Child, Program
from deploy.demo.together import together


class Family:
    """The demo's programs; an async context manager that leaves none of them behind."""

    def __init__(self, logs: Path, *, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._generations: list[list[Child]] = []

    async def __aenter__(self) -> Self:
        """Begin with empty logs."""
        for log in self._logs.glob("*.log"):
            log.unlink()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything, last started first."""
        for generation in reversed(self._generations):
            async with asyncio.TaskGroup() as group:
                for child in generation:
                    group.create_task(child.stop(), name=f"stop {child.program.name}")

    async def start(self, *programs: Program) -> None:
        """Start programs side by side and wait until all are ready.

        Raises:
            ChildFailedError: One of them is not.
        """
        children = [Child(program, logs=self._logs, say=self._say) for program in programs]
        self._generations.append(children)
        await together({f"start {child.program.name}": child.start() for child in children})

    async def watch(self, changed: Callable[[], None], *, seconds: float | None) -> None:
        """Keep every program running.

        Args:
            changed: Called whenever another process does a program's work.
            seconds: For how long; None means until cancelled.

        Raises:
            ChildFailedError: One of them ends again and again.
        """
        children = itertools.chain.from_iterable(self._generations)
        try:
            async with asyncio.timeout(seconds):
                await together(
                    {f"keep {child.program.name}": child.keep(changed) for child in children}
                )
        except TimeoutError:
            return

    def pids(self) -> dict[str, int]:
        """Return the process of each program, by its name."""
        children = itertools.chain.from_iterable(self._generations)
        return {child.program.name: child.pid for child in children}
