"""Where to publish, and as whom."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker's address, and who we are to it."""

    host: str
    """Name or address."""
    port: int
    """Usually 1883, with TLS 8883."""
    username: str | None = None
    """None for an anonymous connection."""
    password: str | None = field(default=None, repr=False)
    """None when there is none."""
    tls: ssl.SSLContext | None = None
    """None for an unencrypted connection."""

    @classmethod
    def at(
        cls, url: str, *, password_file: Path | None = None, ca_file: Path | None = None
    ) -> Self:
        """Read ``mqtt://[user@]host[:port]`` or ``mqtts://…``.

        Args:
            url: The address.
            password_file: Its first line is the password.
            ca_file: Trusted instead of the system's certificate authorities.

        Raises:
            ValueError: The address is none.
            OSError: A file cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                f"MQTT address begins {parts.scheme!r}://, expected is "
                "mqtt://[user@]host[:port] or mqtts://"
            )
        password = unquote(parts.password) if parts.password else None
        if password_file is not None:
            password = password_file.read_text().splitlines()[0].strip()
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=password,
            tls=ssl.create_default_context(cafile=ca_file) if parts.scheme == "mqtts" else None,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
