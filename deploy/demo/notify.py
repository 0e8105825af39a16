"""The socket where a program tells its supervisor that it is ready, as under systemd."""

import socket
from types import TracebackType
from typing import Final, Self

_LARGEST: Final = 4096


class NotifySocket:
    """Receives ``READY=1`` from one program; a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        """Open the socket in the abstract name space: no path too long, no file left behind."""
        self._socket.bind("")
        self._socket.settimeout(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def address(self) -> str:
        """What ``NOTIFY_SOCKET`` is to be."""
        name: bytes = self._socket.getsockname()
        return "@" + name[1:].decode()

    async def ready(self) -> bool:
        """Tell whether the program has said that it is ready since this was last asked."""
        said = False
        while True:
            try:
                said |= b"READY=1" in self._socket.recv(_LARGEST).split(b"\n")
            except BlockingIOError:
                return said
