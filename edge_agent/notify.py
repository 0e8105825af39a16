"""Telling systemd how we are, by the socket it names in NOTIFY_SOCKET."""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final, Self

_log = logging.getLogger(__name__)

_MICROSECONDS: Final = 1e6


class Systemd:
    """Sends states to systemd; does nothing where there is none."""

    def __init__(self, address: str | None, *, watchdog_seconds: float | None) -> None:
        self._address = address
        self.watchdog_seconds = watchdog_seconds
        """How often at least it wants to hear from us; None if it does not watch."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return what the environment says."""
        address = environment.get("NOTIFY_SOCKET")
        usec = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = int(usec) / _MICROSECONDS if usec.isdecimal() and meant else None
        return cls(address, watchdog_seconds=watched)

    def tell(self, **states: str) -> None:
        """Send states, as in ``tell(READY="1", STATUS="all is well")``."""
        if not self._address:
            return
        # A name beginning with @ is in the abstract namespace, which begins with NUL.
        name = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        message = "\n".join(f"{key}={value}" for key, value in states.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(0)  # whoever does not listen must not stop the agent
                sender.sendto(message.encode(), name)
        except BlockingIOError:
            _log.debug("whoever started us does not listen: %s", message)
        except OSError as error:
            _log.warning("cannot tell systemd: %s", error)
