"""Runs `edge-agent detect` on a table of readings, and reads what it told.

The detector is a program of its own here, as on a gateway: nothing of it is imported, so nothing
that a gateway would not do can be measured or trained on.
"""

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.readings import MISSING, QUANTITIES, Readings

COLUMNS: Final = (
    "timestamp,panel_id,temperature_celsius,voltage_volts,current_amperes,"
    "power_output_watts,irradiance_w_m2"
)


class Alert(msgspec.Struct, frozen=True):
    """An episode, in seconds since 1970."""

    panel: str | None
    """The panel; None for the site."""
    alert_type: str
    """What it was told to be."""
    raised_s: float
    """When it began."""
    told_s: float
    """When it was told."""
    ended_s: float
    """When it ended, or was last seen."""


class Seen(msgspec.Struct, frozen=True):
    """What a model is given of each window."""

    starts_us: NDArray[np.int64]
    """Microseconds since 1970, shape ``(windows,)``."""
    panel_ids: list[str]
    """The panels."""
    names: list[str]
    """The features."""
    features: NDArray[np.float32]
    """NaN where nothing can be told, ``(windows, panels, names)``."""
    named: NDArray[np.int8]
    """What the rules named it; negative without, ``(windows, panels)``."""


def lines_of(readings: Readings) -> list[str]:
    """Return readings as CSV lines in the order of `COLUMNS`."""
    columns = [
        [
            "" if value == MISSING else str(value / 1000)
            for value in getattr(readings, name).tolist()
        ]
        for name in QUANTITIES
    ]
    stamps = (readings.time_us / 1e6).tolist()
    ids = [readings.panel_ids[at] for at in readings.panel.tolist()]
    return [
        f"{stamp:.3f},{panel},{','.join(values)},"
        for stamp, panel, values in zip(stamps, ids, zip(*columns, strict=True), strict=True)
    ]


def detected(
    lines: Sequence[str],
    *,
    train_days: float,
    place: tuple[float, float] | None,
    options: Sequence[str] = (),
) -> list[Alert]:
    """Return the episodes the edge agent's detector tells of readings.

    Args:
        lines: CSV lines in the order of `COLUMNS`, without the header.
        train_days: Days at the start to learn from.
        place: Latitude and longitude in degrees; None when not known.
        options: More options of the command.

    Raises:
        subprocess.CalledProcessError: The program failed; it has said why.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "readings.csv"
        path.write_text("\n".join([COLUMNS, *lines, ""]))
        words = [sys.executable, "-c", "from edge_agent.cli import main; main()", "detect"]
        words += ["--csv", str(path), "--json", "--train-days", str(train_days), *options]
        if place is not None:
            words += [f"--latitude={place[0]}", f"--longitude={place[1]}"]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    return [_alert(episode) for episode in msgspec.json.decode(done.stdout)["episodes"]]


def seen(lines: Sequence[str], *, train_days: float, place: tuple[float, float] | None) -> Seen:
    """Return what the edge agent would give a model of each window.

    Raises:
        subprocess.CalledProcessError: The program failed; it has said why.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "features.npz"
        options = ("--rules-only", "--features", str(path))
        detected(lines, train_days=train_days, place=place, options=options)
        with np.load(path) as kept:
            return Seen(
                starts_us=kept["starts_us"],
                panel_ids=kept["panel_ids"].tolist(),
                names=kept["names"].tolist(),
                features=kept["features"],
                named=kept["named"],
            )


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
