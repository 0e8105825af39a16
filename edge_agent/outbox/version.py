"""Which version an outbox file is of, and whether this program knows it."""

from pathlib import Path
from typing import Final

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.sqlite import connected

SCHEMA_VERSION: Final = 2
_NO_VERSION: Final = 1000  # there will not be so many: who claims it is damaged


def known(version: int, *, path: Path) -> int:
    """Return a version that this program can read, or bring up to date.

    Raises:
        OutboxDamagedError: It is none.
        OutboxError: It is of a newer program.
    """
    if version > _NO_VERSION:
        raise OutboxDamagedError(f"{path} claims to be of version {version}")
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"{path} is of version {version}, this agent knows up to {SCHEMA_VERSION}; "
            "install the agent that wrote it, or a newer one"
        )
    return version


def refuse_other_version(path: Path) -> None:
    """Before a file is opened beside the agent: see that it is of the version of today.

    It is opened for reading only: what may write takes the log into the file as it closes it.

    Raises:
        OutboxDamagedError: It is damaged.
        OutboxError: It is of another version, or cannot be read.
    """
    with connected(path, mode="ro") as connection:
        [(version,)] = connection.execute("PRAGMA user_version")
    if known(version, path=path) != SCHEMA_VERSION:
        raise OutboxError(
            f"{path} is of version {version}, not {SCHEMA_VERSION}: the agent brings it up "
            "to date when it starts"
        )
