"""Doing several things side by side."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from deploy.demo.errors import DemoError

T = TypeVar("T")


async def together(work: Mapping[str, Coroutine[Any, Any, T]]) -> dict[str, T]:
    """Do it all side by side and return what each gave, by its name.

    Raises:
        DemoError: The first that failed; the others are cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(part, name=name) for name, part in work.items()}
    except* DemoError as failures:
        raise _first(failures) from failures
    return {name: task.result() for name, task in tasks.items()}


def _first(failures: BaseExceptionGroup[DemoError]) -> DemoError:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
