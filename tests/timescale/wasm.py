"""Starts TimescaleDB compiled to WebAssembly, for tests.

One connection at a time, no COPY, messages below 64 KB; background jobs run by `CALL run_job(id)`.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from programs.installing import MissingProgramError
from programs.node import node_bin

SERVER: Final = Path(__file__).parent / "server"
CACHE: Final = Path(__file__).parents[2] / ".cache" / "timescale"
INSTALL_SECONDS: Final = 300
_FILES: Final = ("package.json", "package-lock.json", "server.mjs")


@contextlib.contextmanager
def start_timescale() -> Iterator[str]:
    """Start a server with an empty database.

    Yields:
        Its URL, which asks for a pool of one connection.

    Raises:
        MissingProgramError: Node.js or the packages cannot be had.
    """
    folder = install_timescale()
    command = ["node", "--liftoff-only", "server.mjs", "0"]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env=_with_node(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                text = (folder / "server.log").read_text()
                raise RuntimeError(f"TimescaleDB-WASM did not start: {text}")
            address = json.loads(line)["address"]
            yield f"postgresql://postgres:postgres@{address}/postgres?sslmode=disable&pool_size=1"
        finally:
            server.kill()


def install_timescale() -> Path:
    """Install the server's packages below the cache, once for each version of its files.

    Returns:
        The folder to start it in.

    Raises:
        MissingProgramError: Node.js or the packages cannot be had.
    """
    contents = b"".join((SERVER / name).read_bytes() for name in _FILES)
    folder = CACHE / hashlib.sha256(contents).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for name in _FILES:
                shutil.copy(SERVER / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit"]
            done = subprocess.run(
                [*command, "--no-fund"],
                cwd=folder,
                env=_with_node(),
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
            if done.returncode:
                raise MissingProgramError(
                    f"npm ci failed for the TimescaleDB server: {done.stderr}"
                )
            (folder / "installed").touch()
    return folder


def _with_node() -> dict[str, str]:
    """Return the environment with Node.js first on the path."""
    return os.environ | {"PATH": os.pathsep.join([str(node_bin()), os.environ.get("PATH", "")])}
