"""Addresses of servers: wrong ones are found when they are written down, not when dialled."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from edge_agent.errors import ConfigError

_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")


def check_url(url: str, *, key: str) -> None:
    """Check that a URL names a host, and a port if any, that can be dialled.

    Args:
        url: With its scheme.
        key: What it was given as; the complaint names it.

    Raises:
        ConfigError: It does not.
    """
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
