"""Mosquitto, the broker most gateways run, with persistence."""

import os
import signal
from pathlib import Path

from programs.installing import ensure
from programs.processes import Process
from programs.waiting import accepts, free_port


def executable() -> str:
    """Return the path of Mosquitto, installing it where that is allowed.

    Raises:
        MissingProgramError: There is none and it cannot be had.
    """
    return ensure("mosquitto", package="mosquitto")


def client(name: str) -> str:
    """Return the path of ``mosquitto_pub`` or ``mosquitto_sub``, installing them likewise."""
    return ensure(name, package="mosquitto-clients")


EVERY_CHANGE = "autosave_on_changes true\nautosave_interval 1\n"
"""Lines of a configuration: write the state down after every change."""

EVERY_FEW_CHANGES = "autosave_on_changes true\nautosave_interval 100\n"
"""Likewise, but seldom enough for hundreds of messages a second: all of the state is written."""


class Mosquitto:
    """A broker that keeps its port and its state over restarts."""

    def __init__(self, folder: Path, *, extra: str = "", anonymous: bool = True) -> None:
        """Prepare the broker.

        Args:
            folder: Where it keeps its state.
            extra: Further lines of its configuration.
            anonymous: Whether it lets in whoever comes.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.state = folder / "mosquitto.db"
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous {str(anonymous).lower()}\n"
            f"persistence true\npersistence_location {folder}/\n"
            "max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n"
            + ("user root\n" if os.geteuid() == 0 else "")
            + extra
        )
        self.process = Process([executable(), "-c", str(config)], log=folder / "mosquitto.log")

    def saved_at(self) -> float:
        """Return the epoch seconds at which it last wrote its state down; 0 if it never did.

        It answers a publisher before that, whatever its configuration: a message is its to keep
        only if this is later than its acknowledgement. It is one thread, so a state written after
        an acknowledgement was sent has the message in it.
        """
        return self.state.stat().st_mtime if self.state.exists() else 0.0

    def start(self) -> None:
        """Start it on its port, with the state it has kept."""
        self.process.start(ready=lambda: accepts(self.port))

    def launch(self) -> None:
        """Start it, not waiting until it is ready."""
        self.process.launch()

    def stop(self) -> None:
        """Stop it in good order: it writes its state down."""
        if self.process.runs:
            self.process.end()

    def kill(self) -> None:
        """Kill it: what it has not written down is gone."""
        self.process.end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    def discard(self) -> None:
        """End it in any case."""
        self.process.discard()
