"""Getting a program that tests need: from this machine, from Debian's packages, or a clear word."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"
INSTALL_SECONDS = 600


class MissingProgramError(Exception):
    """A program is not there and could not be installed; the text says what to do."""


def ensure(program: str, *, package: str, also: tuple[str, ...] = ()) -> str:
    """Return the path of a program, installing its Debian package where that is allowed.

    Args:
        program: Its name.
        package: The package that has it.
        also: Further names it goes by.

    Raises:
        MissingProgramError: It is not there, and this is not root on Debian or the package
            cannot be had.
    """
    if found := _which(program, *also):
        return found
    advice = f"tests need {program}; Debian and Ubuntu: apt-get install {package}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingProgramError(advice)
    with locked(f"apt-{package}"):
        if found := _which(program, *also):
            return found
        _install(package, advice=advice)
    if found := _which(program, *also):
        return found
    raise MissingProgramError(f"{advice} (the package is there, but not the program)")


def _install(package: str, *, advice: str) -> None:
    command = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(command, advice=advice, env=environment)
    except MissingProgramError:
        # The lists of packages are old, or a clean machine has none; to fetch them takes longer.
        run(["apt-get", "update"], advice=advice)
        run(command, advice=advice, env=environment)


def run(command: list[str], *, advice: str, env: dict[str, str] | None = None) -> None:
    """Run an installer.

    Raises:
        MissingProgramError: It failed; the text begins with the advice.
    """
    done = subprocess.run(
        command,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise MissingProgramError(f"{advice} ({' '.join(command)} failed: {done.stderr.strip()})")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time install something."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _which(*names: str) -> str | None:
    # Servers are in sbin, which is not on everybody's PATH.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)
