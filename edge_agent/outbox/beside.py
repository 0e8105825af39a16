"""What to look at before an outbox is opened beside its agent, which may not run."""

from pathlib import Path

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.damage import log_of
from edge_agent.outbox.lock import idle_boot
from edge_agent.outbox.wal import looks_damaged


def hides_damage(path: Path) -> bool:
    """Tell whether the log of a file that no agent has open hides something committed.

    SQLite passes over that in silence, and drops it for good when a program that may write closes
    the file: whoever opens it beside the agent asks this before.

    Args:
        path: The outbox.

    Raises:
        OutboxError: It cannot be read.
    """
    try:
        if not looks_damaged(log_of(path), same_boot=True):
            return False
        same_boot = idle_boot(path)
        return same_boot is not None and looks_damaged(log_of(path), same_boot=same_boot)
    except OSError as error:
        raise OutboxError(f"cannot look at {path}: {error.strerror}") from error


def refuse_damage(path: Path) -> None:
    """Before a file is opened beside the agent: see that nothing is hidden in its log.

    Raises:
        OutboxDamagedError: Something is.
        OutboxError: It cannot be read.
    """
    if hides_damage(path):
        raise OutboxDamagedError(
            f"the log {log_of(path)} is damaged: `edge-agent buffer repair`, or starting the "
            "agent, salvages what can be read"
        )
