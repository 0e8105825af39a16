"""When readings are stamped and sent: jitter, wrong clocks, gaps, repeats and late messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.faults import Where
from models.simulator.labels import Label
from models.simulator.panels import span_of
from models.simulator.randomness import bits, key_of, uniforms
from models.simulator.site import DAY_S, Traits

_JITTER_MS: Final = 12
_SPELL_MS: Final = 20_000
REPEAT_MS: Final = 1_000
_LATE_MS: Final = (2_000, 30_000)
_KEY: Final = key_of("delivery")


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """When readings are sent; arrays of shape ``(panels, times)`` but ``repeated``."""

    stamp_ms: NDArray[np.int64]
    """What the panel's clock says, milliseconds since 1970."""
    sent_ms: NDArray[np.int64]
    """When the message leaves."""
    kept: NDArray[np.bool_]
    """Whether it leaves at all."""
    repeated: NDArray[np.bool_]
    """Whether it leaves a second time, `REPEAT_MS` later."""


class Delivery:
    """How the panels of a site send."""

    def __init__(self, *, traits: Traits, labels: Iterable[Label]) -> None:
        """Take the panels' clocks and what is wrong with sending."""
        self._traits = traits
        self._labels = [label for label in labels if label.where is Where.DELIVERY]

    def timetable(self, time_s: NDArray[np.float64], *, interval_s: float) -> Timetable:
        """Return the timetable of readings taken on a grid of increasing times.

        Args:
            time_s: The grid, seconds since 1970.
            interval_s: Its spacing; below a second the panels' phases are squeezed into it.
        """
        grid_ms = np.rint(time_s * 1000).astype(np.int64)
        random = bits(self._traits.key ^ np.uint64(_KEY), places=grid_ms)
        squeeze = min(interval_s, 1.0)
        jitter = (self._traits.phase_ms + _JITTER_MS * uniforms(random, channel=0)) * squeeze
        stamp = grid_ms + jitter.astype(np.int64)
        table = Timetable(
            stamp_ms=stamp,
            sent_ms=stamp.copy(),
            kept=np.ones(stamp.shape, np.bool_),
            repeated=np.zeros(stamp.shape, np.bool_),
        )
        for label in self._labels:
            span = span_of(label, time_s=time_s)
            if span.start < span.stop:
                _disturb(table, label=label, span=span, grid_ms=grid_ms[span], random=random)
        return table


def _disturb(
    table: Timetable,
    *,
    label: Label,
    span: slice,
    grid_ms: NDArray[np.int64],
    random: NDArray[np.uint64],
) -> None:
    at = (label.panel, span)
    chance = uniforms(random[at], channel=1)
    match label.name:
        case "offline":
            table.kept[at] = False
        case "gaps":
            spell = bits(np.array(_KEY + label.panel, np.uint64), places=grid_ms // _SPELL_MS)
            table.kept[at] = uniforms(spell, channel=0) >= label.magnitude
        case "duplicates":
            table.repeated[at] = chance < label.magnitude
        case "out_of_order":
            low, high = _LATE_MS
            late = (low + (high - low) * uniforms(random[at], channel=2)).astype(np.int64)
            table.sent_ms[at] += np.where(chance < label.magnitude, late, 0)
        case "clock_drift":
            elapsed_ms = grid_ms - label.start_s * 1000
            table.stamp_ms[at] += (label.magnitude / DAY_S * elapsed_ms).astype(np.int64)
