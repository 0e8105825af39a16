"""Chromium: this machine's, Debian's, or the one Playwright downloads."""

import os
import sys
from pathlib import Path

from programs.installing import CACHE, MissingProgramError, ensure, locked, run

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
"""What a browser in a container wants to be started with."""


def chromium() -> str:
    """Return the path of Chromium, installing it where that is allowed.

    Raises:
        MissingProgramError: There is none and it cannot be had.
    """
    # The one without windows takes half the work.
    shell, *names = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
    try:
        return ensure(shell, package=shell, also=tuple(names))
    except MissingProgramError as error:
        return _playwrights(advice=str(error))


def _playwrights(*, advice: str) -> str:
    folder = CACHE / "browsers"
    with locked("browsers"):
        if not _executables(folder):
            command = [sys.executable, "-m", "playwright", "install", "chromium"]
            run(command, advice=advice, env={"PLAYWRIGHT_BROWSERS_PATH": str(folder)})
    found = _executables(folder)
    if not found:
        raise MissingProgramError(advice)
    return str(found[0])


def _executables(folder: Path) -> list[Path]:
    return [path for path in folder.glob("chromium-*/*/chrome") if os.access(path, os.X_OK)]
