"""Apprise: the one place that knows it. URLs hold secrets and are never repeated."""

import asyncio
import logging
from typing import Any, Final

from collector.errors import NotifyError

SEND_SECONDS: Final = 30.0
_EXAMPLES: Final = "mailtos://user:password@example.org, jsons://example.org/hook, ntfys://topic"
_NO_KIND: Final = "…"
_LOGGERS: Final = ("apprise", "urllib3", "requests_oauthlib")


def check_url(url: str) -> None:
    """See whether something can be sent to a URL.

    Raises:
        NotifyError: It cannot, or Apprise is not installed.
    """
    _service(url)


def redacted(url: str) -> str:
    """Return what of a URL can be shown: nothing but what kind it is."""
    scheme, separator, _ = url.partition("://")
    return f"{scheme}://…" if separator and scheme.isalnum() else _NO_KIND


async def send(url: str, *, title: str, body: str) -> bool:
    """Send a message; True when it was accepted.

    Args:
        url: Where to.
        title: One line.
        body: The text.

    Raises:
        NotifyError: The URL is not usable.
    """
    try:
        async with asyncio.timeout(SEND_SECONDS):
            # In a thread also because Apprise first loads all it speaks, for a second or more.
            sent = await asyncio.to_thread(_notify, url, title, body)
    except TimeoutError:
        return False
    return sent


def _notify(url: str, title: str, body: str) -> bool:
    service = _service(url)
    try:
        return bool(service.notify(body=body, title=title))
    except Exception:  # noqa: BLE001 - a hundred plugins raise what they like; its text may be secret
        return False


def _service(url: str) -> Any:  # noqa: ANN401 - Apprise's plugins
    try:
        from apprise import Apprise  # noqa: PLC0415 - an extra, which not everybody installs
    except ImportError as error:
        raise NotifyError("notifications need Apprise: pip install 'heliograph[notify]'") from error
    for name in _LOGGERS:
        # They would log addresses.
        if (logger := logging.getLogger(name)).getEffectiveLevel() < logging.CRITICAL:
            logger.setLevel(logging.CRITICAL)
    service = Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        kind = redacted(url)
        what = (
            "what was given is no URL"
            if kind == _NO_KIND
            else f"a URL of kind {kind} is not one that Apprise can send to"
        )
        raise NotifyError(f"{what}; allowed are, say, {_EXAMPLES}")
    return service
