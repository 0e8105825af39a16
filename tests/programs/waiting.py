"""Free ports, and waiting for conditions that only real programs bring about."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Tell whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    condition: Callable[[], T], *, timeout: float = 20.0, what: str = "", every: float = 0.02
) -> T:
    """Poll a condition of another process until it holds, and return what it returned.

    A condition that takes long is asked less often: the other process needs the processor, too.

    Raises:
        AssertionError: It does not hold in time.
    """
    deadline = (began := time.monotonic()) + timeout
    while not (result := condition()):
        if (ended := time.monotonic()) > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or condition}; last {result!r}")
        time.sleep(max(every, 2 * (ended - began)))
        began = time.monotonic()
    return result
