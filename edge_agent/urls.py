"""Addresses of servers: wrong ones are found when they are written down, not when dialled."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from edge_agent.errors import ConfigError

BROKER_SIGN_IN: Final = "the user goes to mqtt.username, the password to mqtt.password_file"
"""Where a user and a password for the broker belong."""
COLLECTOR_SIGN_IN: Final = (
    "the collector needs neither: it knows this gateway by the key that `edge-agent enroll` makes"
)
"""Where those for the collector belong."""

_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")


def check_url(url: str, *, key: str, instead: str) -> None:
    """Check that a URL names a host, and a port if any, that can be dialled, and no password.

    Args:
        url: With its scheme.
        key: What it was given as; the complaint names it.
        instead: Where a user and a password belong.

    Raises:
        ConfigError: It does not, or names more; a password is not repeated.
    """
    if "@" in url:
        raise ConfigError(f"{key} has a user or a password before an @; {instead}")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if "[" in parts.netloc:
            IPv6Address(host)
            return
    except ValueError as error:
        raise ConfigError(f"{key} is {url!r}: {error}") from error
    if not url.isprintable() or not _HOST.fullmatch(host):
        raise ConfigError(
            f"{key} is {url!r}: its host is {host!r}, allowed are a name of letters, digits, "
            "- and _ between single dots (others in their xn-- form) or an address"
        )
