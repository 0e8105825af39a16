"""The collector's settings: variables `HELIOGRAPH_*`, or options of `collector serve`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from collector.errors import SettingsError

PREFIX: Final = "HELIOGRAPH_"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("0", "false", "no", "off")
_LARGEST_BODY: Final = 1_073_741_824
_LONGEST_DAYS: Final = 36_500


def _default_data_dir() -> Path:
    root = Path("/var/lib/heliograph")
    return root if os.geteuid() == 0 else Path.home() / ".local" / "share" / "heliograph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; nothing here is read again after the start."""

    database_url: str | None = field(default=None, repr=False)
    """``postgresql://...``; None for the embedded PostgreSQL in `data_dir`."""
    data_dir: Path = field(default_factory=_default_data_dir)
    """The folder of the embedded PostgreSQL."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 8000
    """The port to listen on; 0 for any that is free."""
    workers: int = 1
    """How many processes serve."""
    log_level: str = "info"
    """The least important that is logged, one of `LOG_LEVELS`."""
    max_body_bytes: int = 33_554_432
    """The largest body of a request, in bytes."""
    max_panels_per_site: int = 20_000
    """How many panels a site may have."""
    max_exports: int = 4
    """How many exports a process sends at once; each holds a connection to the database."""
    gateway_silent_minutes: int = 15
    """How long a gateway may say nothing by day before an alert is raised."""
    alert_escalate_minutes: int = 60
    """How long nobody may take an alert before it is told of again; 0 for ever."""
    alert_reopen_minutes: int = 60
    """How long after a person resolved it an alert whose fault lasts is opened again."""
    console_open: bool = False
    """Whether whoever reaches the console looks at it as a viewer, without signing in."""
    retention_raw_days: int = 30
    """How many days readings are kept as they were measured."""
    retention_minutes_days: int = 730
    """How many days their minutes, weather and meters are kept."""
    retention_hours_days: int = 0
    """How many days their hours are kept; 0 for ever. Days are kept for ever."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return what the environment says, and defaults for what it does not.

        Raises:
            SettingsError: A value is not usable.
        """
        return cls().updated(
            {
                name: environment[variable(name)]
                for name in _PARSERS
                if environment.get(variable(name), "") != ""
            }
        )

    def updated(self, texts: Mapping[str, str]) -> Self:
        """Return the settings with some replaced.

        Args:
            texts: Names of fields to values as text.

        Raises:
            SettingsError: A value is not usable.
        """
        return replace(self, **{name: _PARSERS[name](name, text) for name, text in texts.items()})

    def as_environment(self) -> dict[str, str]:
        """Return the variables that make `from_environment` return these settings."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            variable(name): str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in values.items()
            if value is not None
        }


def variable(name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + name.upper()


def _refuse(name: str, text: str, *, allowed: str) -> SettingsError:
    return SettingsError(f"{variable(name)} is {text!r}, allowed is {allowed}")


def _url(name: str, text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        # The value may hold a password, so only its beginning is repeated.
        raise _refuse(name, text.split(":", 1)[0] + ":...", allowed="postgresql://...")
    return text


def _path(_name: str, text: str) -> Path:
    return Path(text).expanduser().absolute()


def _host(name: str, text: str) -> str:
    if not text.isprintable() or any(character in text for character in " /@"):
        raise _refuse(name, text, allowed="an address or a host name, without a port")
    return text


def _whole(lowest: int, highest: int) -> Callable[[str, str], int]:
    def parse(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            raise _refuse(name, text, allowed=f"a whole number from {lowest} to {highest}")
        return int(text)

    return parse


def _level(name: str, text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise _refuse(name, text, allowed="one of " + ", ".join(LOG_LEVELS))
    return text.lower()


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise _refuse(name, text, allowed="one of " + ", ".join(_YES + _NO))
    return text.lower() in _YES


_PARSERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "database_url": _url,
    "data_dir": _path,
    "host": _host,
    "port": _whole(0, 65_535),
    "workers": _whole(1, 64),
    "log_level": _level,
    "max_body_bytes": _whole(1_024, _LARGEST_BODY),
    "max_panels_per_site": _whole(1, 10_000_000),
    "max_exports": _whole(1, 64),
    "gateway_silent_minutes": _whole(1, 10_080),
    "alert_escalate_minutes": _whole(0, 10_080),
    "alert_reopen_minutes": _whole(1, 10_080),
    "console_open": _flag,
    "retention_raw_days": _whole(3, _LONGEST_DAYS),
    "retention_minutes_days": _whole(2, _LONGEST_DAYS),
    "retention_hours_days": _whole(0, _LONGEST_DAYS),
}
