"""Running the project's own commands to their end."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.demo.errors import DemoError

_SECONDS: Final = 60.0


def surroundings() -> dict[str, str]:
    """Return the environment for the demo's programs: no settings of another Heliograph."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}


def program(name: str) -> str:
    """Return the path of one of the project's commands in this environment."""
    return str(Path(sys.executable).with_name(name))


async def run_program(
    name: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it prints.

    Args:
        name: The command.
        *arguments: Its arguments.
        environment: Added to the demo's own; secrets come here, not on a command line.

    Raises:
        DemoError: It failed; the text has what it said.
    """
    result = await asyncio.to_thread(
        subprocess.run,
        [program(name), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        env=surroundings() | dict(environment or {}),
    )
    if result.returncode:
        said = (result.stderr or result.stdout).strip()
        raise DemoError(f"{name} {' '.join(arguments)} failed: {said}")
    return result.stdout
