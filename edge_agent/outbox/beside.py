"""What to look at before an outbox is opened beside its agent, which may not run."""

from pathlib import Path

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.damage import FILE_FAULT, LOG_FAULT, is_headless, log_of
from edge_agent.outbox.lock import idle_boot
from edge_agent.outbox.wal import looks_damaged


def hidden_damage(path: Path) -> str:
    """Say why SQLite would not see something that is committed in a file's log; nothing if not so.

    SQLite passes over that in silence, and drops it for good when a program that may write closes
    the file: whoever opens it beside the agent asks this before.

    Args:
        path: The outbox.

    Raises:
        OutboxError: It cannot be read.
    """
    try:
        if is_headless(path):
            return FILE_FAULT
        if not looks_damaged(log_of(path), same_boot=True):
            return ""
        same_boot = idle_boot(path)
        hidden = same_boot is not None and looks_damaged(log_of(path), same_boot=same_boot)
    except OSError as error:
        raise OutboxError(f"cannot look at {path}: {error.strerror}") from error
    return LOG_FAULT if hidden else ""


def refuse_damage(path: Path) -> None:
    """Before a file is opened beside the agent: see that nothing is hidden in its log.

    Raises:
        OutboxDamagedError: Something is.
        OutboxError: It cannot be read.
    """
    if fault := hidden_damage(path):
        log = f"the log {log_of(path)} is damaged"
        what = log if fault == LOG_FAULT else f"{path} is damaged ({fault})"
        raise OutboxDamagedError(
            f"{what}: `edge-agent buffer repair`, or starting the agent, salvages what can be read"
        )
