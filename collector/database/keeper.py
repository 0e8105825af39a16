"""The process that keeps an embedded PostgreSQL for as long as any program uses it.

Each user holds a shared lock on a file. The keeper starts the server, starts it again should it
die, and stops it as soon as it can have that lock for itself: locks vanish with their process, so
that also holds for users that were killed. It runs in a session of its own, out of reach of Ctrl-C.
"""

import fcntl
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

POLL_SECONDS: Final = 0.2
STOP_SECONDS: Final = 60.0


def lock(path: Path, *, operation: int) -> int | None:
    """Open a file and lock it; closing the descriptor unlocks it.

    Args:
        path: The file, made when it is not there.
        operation: As of `fcntl.flock`.

    Returns:
        The descriptor, or None when ``LOCK_NB`` is given and somebody else has the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def postmaster(cluster: Path) -> int | None:
    """Return the id of the server process that serves a cluster, if it runs.

    A number in ``postmaster.pid`` is not enough: after a crash it may have become another process.
    The server's working directory is its cluster.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        serves = Path(f"/proc/{pid}/cwd").samefile(cluster)
    except (OSError, ValueError):
        return None
    return pid if serves else None


def whose(user: str | None) -> dict[str, Any]:
    """Return the arguments that make a process another user's: without root's groups, too.

    A folder closed to its group is closed to whoever is in it, even where it is open to others.

    Args:
        user: Whom to run it as; None for the caller.
    """
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def keep(folder: Path, *, cluster: Path, command: list[str], user: str | None) -> None:
    """Keep the server until nobody uses it; return at once when another keeper is there.

    Args:
        folder: Where the lock files are.
        cluster: The server's data directory.
        command: What starts the server.
        user: Whom to run it as; None for the caller.
    """
    alone = lock(folder / "keeper.lock", operation=fcntl.LOCK_EX | fcntl.LOCK_NB)
    if alone is None:
        return
    server: subprocess.Popen[bytes] | None = None
    while (used := lock(folder / "users.lock", operation=fcntl.LOCK_EX | fcntl.LOCK_NB)) is None:
        if (server is None or server.poll() is not None) and postmaster(cluster) is None:
            # A stale file whose number now is another process would make PostgreSQL refuse.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            with (folder / "postgres.log").open("wb") as log:
                server = subprocess.Popen(  # noqa: S603 - our own command
                    command, stdout=log, stderr=log, cwd=cluster, **whose(user)
                )
        time.sleep(POLL_SECONDS)
    _stop(cluster, server=server)
    # In this order: whoever waits to use the server starts a keeper as soon as `used` is free.
    os.close(alone)
    os.close(used)


def _stop(cluster: Path, *, server: subprocess.Popen[bytes] | None) -> None:
    """Shut the server down fast but in good order; it need not be a child of this process."""
    pid = server.pid if server is not None and server.poll() is None else postmaster(cluster)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and postmaster(cluster) is not None:
        if server is not None:
            server.poll()
        time.sleep(POLL_SECONDS / 4)


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    # Nobody's child: whoever started the keeper neither waits for it nor is left with a zombie.
    if os.fork():
        os._exit(0)
    keep(
        Path(arguments["folder"]),
        cluster=Path(arguments["cluster"]),
        command=arguments["command"],
        user=arguments["user"],
    )
