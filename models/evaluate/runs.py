"""Runs `edge-agent detect` on a table of readings, and reads what it told.

The detector is a program of its own here, as on a gateway: nothing of it is imported, so nothing
that a gateway would not do can be measured.
"""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

COLUMNS: Final = (
    "timestamp,panel_id,temperature_celsius,voltage_volts,current_amperes,"
    "power_output_watts,irradiance_w_m2"
)


class Alert(msgspec.Struct, frozen=True):
    """An episode, in seconds since 1970."""

    panel: str
    """The panel."""
    alert_type: str
    """What it was told to be."""
    raised_s: float
    """When it began."""
    told_s: float
    """When it was told."""
    ended_s: float
    """When it ended, or was last seen."""


def detected(
    lines: list[str], *, train_days: float, place: tuple[float, float] | None
) -> list[Alert]:
    """Return the episodes the edge agent's detector tells of readings.

    Args:
        lines: CSV lines in the order of `COLUMNS`, without the header.
        train_days: Days at the start to learn from.
        place: Latitude and longitude in degrees; None when not known.

    Raises:
        subprocess.CalledProcessError: The program failed; it has said why.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "readings.csv"
        path.write_text("\n".join([COLUMNS, *lines, ""]))
        words = [sys.executable, "-c", "from edge_agent.cli import main; main()", "detect"]
        words += ["--csv", str(path), "--json", "--train-days", str(train_days)]
        if place is not None:
            words += [f"--latitude={place[0]}", f"--longitude={place[1]}"]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    return [_alert(episode) for episode in msgspec.json.decode(done.stdout)["episodes"]]


def _alert(episode: dict[str, Any]) -> Alert:
    ended = episode.get("cleared_at") or episode["last_seen_at"]
    return Alert(
        panel=episode["panel"],
        alert_type=episode["alert_type"],
        raised_s=_seconds(episode["raised_at"]),
        told_s=_seconds(episode["told_at"]),
        ended_s=_seconds(ended),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
