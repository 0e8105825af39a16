"""Labelled vectors: what the edge agent makes of simulated readings, and what was truly wrong."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.detection import Seen, lines_of, seen
from models.simulator.labels import Label
from models.train.scenes import CLASS_OF, CLASSES, Scene
from shared.vectors import NAMES

_SETTLED_US: Final = 120_000_000
_AFTER_US: Final = 1_200_000_000
_DROPPED: Final = -1
_NOTHING: Final = -1
_LITTLE: Final = 0.035
_WORKERS: Final = 2
_UNSEEN: Final = tuple(
    tuple(name for name in NAMES if name.removesuffix("_15_minutes") in missing)
    for missing in (
        ("conversion",),
        ("celsius",),
        ("volts", "volts_peer", "conversion", "current", "resistance"),
        ("amperes", "watts", "celsius", "volts_peer", "light"),
    )
)
"""What is missing without one of the three quantities, temperature, voltage, or siblings."""
_SHARE_UNSEEN: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Vectors and their classes."""

    features: NDArray[np.float32]
    """NaN where missing, ``(n, len(NAMES))``."""
    number: NDArray[np.int64]
    """Place in `CLASSES`, shape ``(n,)``."""
    told: NDArray[np.bool_]
    """Whether the rules found something, shape ``(n,)``."""

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return some of them, by mask or index."""
        return type(self)(self.features[rows], self.number[rows], self.told[rows])

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """Return all of them, in order."""
        return Rows(
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.number for part in parts]),
            np.concatenate([part.told for part in parts]),
        )


def rows_of(scenes: Sequence[Scene]) -> list[Rows]:
    """Return the vectors of each scene, in order; two are simulated at a time."""
    if len(scenes) == 1:
        return [_of(scenes[0])]
    with ProcessPoolExecutor(_WORKERS) as pool:
        return list(pool.map(_of, scenes))


def balanced(rows: Rows, *, most: int, random: np.random.Generator) -> Rows:
    """Return at most so many of each class, thrice as many healthy, by chance but repeatably."""
    chosen = []
    for number in range(len(CLASSES)):
        mine = np.flatnonzero(rows.number == number)
        size = min(len(mine), most if number else 3 * most)
        chosen.append(random.choice(mine, size=size, replace=False))
    return rows.take(np.sort(np.concatenate(chosen)))


def with_gaps(rows: Rows, *, random: np.random.Generator) -> Rows:
    """Return them and some more without what a site may not measure."""
    parts = [rows]
    for missing in _UNSEEN:
        size = round(_SHARE_UNSEEN * len(rows.number) / len(_UNSEEN))
        part = rows.take(np.sort(random.choice(len(rows.number), size=size, replace=False)))
        part.features[:, [NAMES.index(name) for name in missing]] = np.nan
        parts.append(part)
    return Rows.joined(parts)


def _of(scene: Scene) -> Rows:
    simulation = scene.simulation()
    days = scene.train_days + scene.test_days
    lines: list[str] = []
    blocks = simulation.telemetry(scene.start, seconds=days * 86_400.0, interval=scene.interval_s)
    for block in blocks:
        lines += lines_of(block.readings)
    found = seen(lines, train_days=scene.train_days, place=(scene.latitude, scene.longitude))
    from_us = int(scene.start.timestamp() * 1e6) + scene.train_days * 86_400_000_000
    return _labelled(found, labels=simulation.labels, from_us=from_us)


def _labelled(found: Seen, *, labels: Sequence[Label], from_us: int) -> Rows:
    number = np.zeros(found.features.shape[:2], np.int64)
    number[found.starts_us < from_us] = _DROPPED
    place = {panel: at for at, panel in enumerate(found.panel_ids)}
    everywhere = Counter((label.name, label.start) for label in labels)
    for label in labels:
        if everywhere[label.name, label.start] == len(place):
            continue  # what all panels have at once is no fault of any
        column = number[:, place[label.panel_id]]
        name = CLASS_OF.get(label.name)
        if name is None:
            continue
        begin, end = label.start_s * 1e6, label.end_s * 1e6
        around = (found.starts_us >= begin - _SETTLED_US) & (found.starts_us < end + _AFTER_US)
        inside = (found.starts_us >= begin + _SETTLED_US) & (found.starts_us < end - _SETTLED_US)
        column[around] = _DROPPED
        column[inside] = CLASSES.index(name)
    seen_well = ~np.isnan(found.features).all(axis=2)
    # What cannot be seen cannot be learned: dirt of a few days, a limit that is not reached.
    faint = np.nanmax(np.abs(np.nan_to_num(found.features[:, :, :3])), axis=2) < _LITTLE
    fades = np.isin(number, [CLASSES.index("light_loss"), CLASSES.index("clipping")])
    keep = (number != _DROPPED) & seen_well & ~(fades & faint)
    return Rows(found.features[keep], number[keep], (found.named != _NOTHING)[keep])
