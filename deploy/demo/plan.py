"""What the demo consists of: its folder, its sites, their faults."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from deploy.demo.errors import DemoError

PANELS: Final = 10
HISTORY_INTERVAL_SECONDS: Final = 60
RATED_WATTS: Final = 330
MODEL: Final = "Canadian_Solar_Inc__CS6U_330P"


@dataclass(frozen=True, kw_only=True)
class Site:
    """One of the demo's sites."""

    id: str
    """Its id at the collector."""
    name: str
    """Its name for people."""
    latitude: float
    """Degrees north."""
    longitude: float
    """Degrees east."""
    timezone: str
    """IANA name."""
    faults: tuple[str, ...]
    """What is wrong there, as `panel-simulator --faults` takes it."""


SITES: Final = (
    Site(
        id="alpha",
        name="Alpha, Almería",
        latitude=36.84,
        longitude=-2.46,
        timezone="Europe/Madrid",
        faults=("bypass_short:PANEL-003@-1d", "open:PANEL-007@-1h", "unit_error:PANEL-005@20s"),
    ),
    Site(
        id="beta",
        name="Beta, Freiburg",
        latitude=47.99,
        longitude=7.84,
        timezone="Europe/Berlin",
        faults=("stuck_all:PANEL-002@-40m", "i_gain:PANEL-004@-1h", "soil_panel:PANEL-009@-2d"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the demo keeps its state, and how it is to run."""

    folder: Path
    """All state; removing it makes the next demo start afresh."""
    port: int = 8000
    """Where the console is, on 127.0.0.1."""
    seconds: float | None = None
    """How long to run once all is up; None means until it is asked to stop."""
    history: timedelta = timedelta(days=3)
    """How far back the panels' past reaches."""

    @classmethod
    def of(cls, environment: Mapping[str, str], *, folder: Path) -> "Plan":
        """Take the plan from ``DEMO_PORT``, ``DEMO_SECONDS`` and ``DEMO_HISTORY_HOURS``.

        Raises:
            DemoError: One of them is not a number that is allowed.
        """
        port = environment.get("DEMO_PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise DemoError(f"DEMO_PORT is {port!r}, allowed is 1 to 65535")
        hours = _number(environment, "DEMO_HISTORY_HOURS")
        return cls(
            folder=folder,
            port=int(port),
            seconds=_number(environment, "DEMO_SECONDS"),
            history=cls.history if hours is None else timedelta(hours=hours),
        )

    @property
    def url(self) -> str:
        """The collector's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """The embedded database's folder."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """What the programs say."""
        return self.folder / "logs"

    def agent_folder(self, site: Site) -> Path:
        """Return where a site's agent keeps its configuration, key and outbox."""
        return self.folder / site.id

    def agent_config(self, site: Site) -> Path:
        """Return the configuration of a site's agent."""
        return self.agent_folder(site) / "edge-agent.toml"


def _number(environment: Mapping[str, str], name: str) -> float | None:
    given = environment.get(name) or ""
    try:
        number = float(given) if given else None
    except ValueError:
        number = math.nan
    if number is not None and not 0 < number < math.inf:
        raise DemoError(f"{name} is {given!r}, allowed is a number above 0")
    return number


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, as a whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
