"""Whose the embedded PostgreSQL is, and running its programs as that user."""

import fcntl
import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

from collector.database.keeper import lock, whose
from collector.errors import EmbeddedDatabaseError

START_SECONDS: Final = 60.0
ROOTS_USER: Final = "pgserver"
"""PostgreSQL refuses to be root: root has it run as this system user."""

_LOCK: Final = Path("/run/heliograph-user.lock")


def server_user() -> str | None:
    """Return the user the server is to run as; None when that is whoever asks.

    Raises:
        EmbeddedDatabaseError: That user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    # A second `useradd` of a name that the first is adding gives it another number.
    making = lock(_LOCK, operation=fcntl.LOCK_EX)
    assert making is not None  # noqa: S101 - a lock without LOCK_NB is waited for
    try:
        pwd.getpwnam(ROOTS_USER)
    except KeyError:
        run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ROOTS_USER])
    finally:
        os.close(making)
    return ROOTS_USER


def run(
    command: list[str | Path],
    *,
    user: str | None = None,
    folder: Path | None = None,
    statement: str = "",
) -> None:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        user: As whom; None for whoever asks.
        folder: Where.
        statement: What it reads.

    Raises:
        EmbeddedDatabaseError: It fails, or takes too long.
    """
    try:
        subprocess.run(  # noqa: S603 - the wheel's own programs, and useradd
            command,
            check=True,
            capture_output=True,
            **whose(user),
            cwd=folder,
            input=statement.encode(),
            timeout=START_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or b""
        raise EmbeddedDatabaseError(f"{error} {output.decode(errors='replace')}".strip()) from error
