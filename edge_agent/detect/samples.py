"""Readings to samples: at most one per panel and slot of a few seconds, in the order of time.

A slot bounds the work: a backlog of hours costs one step a slot, however many readings it holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.readings import MISSING, QUANTITIES, Readings

SLOT_US: Final = 10_000_000


class Moments(Protocol):
    """Panels, each once, and the span of time something is said of; arrays of shape ``(n,)``."""

    @property
    def panel(self) -> NDArray[np.intp]:
        """Return which panel."""
        ...

    @property
    def begin_us(self) -> NDArray[np.int64]:
        """Return where the span begins, microseconds since 1970-01-01 UTC."""
        ...

    @property
    def time_us(self) -> NDArray[np.int64]:
        """Return where it ends."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The panels that were heard of in a slot, each once; all arrays have shape ``(n,)``.

    Values are means over the panel's readings of the slot, NaN when none had the value.
    """

    panel: NDArray[np.intp]
    """Which panel, as `Panels` counts them."""
    begin_us: NDArray[np.int64]
    """The time of its first reading in the slot, microseconds since 1970-01-01 UTC."""
    time_us: NDArray[np.int64]
    """The time of its last reading in the slot."""
    temperature_celsius: NDArray[np.float64]
    voltage_volts: NDArray[np.float64]
    current_amperes: NDArray[np.float64]
    power_watts: NDArray[np.float64]
    volt_amperes: NDArray[np.float64]
    """Voltage times current, reading by reading."""
    moved: NDArray[np.bool_]
    """A value differs from the reading before."""
    still: NDArray[np.bool_]
    """There was a reading before, and every value is exactly the same since."""

    def __len__(self) -> int:
        return len(self.panel)

    def take(self, rows: NDArray[np.intp]) -> "Samples":
        """Return the samples at ``rows``."""
        return Samples(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Readings of panels in the order of panel and time, none twice."""

    panel: NDArray[np.intp]
    """Which panel, shape ``(n,)``."""
    time_us: NDArray[np.int64]
    """Shape ``(n,)``."""
    values: NDArray[np.int32]
    """Thousandths in the order of `QUANTITIES`, or `MISSING`; shape ``(4, n)``."""

    @classmethod
    def of(
        cls, readings: Readings, *, panel: NDArray[np.intp], after_us: NDArray[np.int64]
    ) -> "Track":
        """Sort readings, leaving out repeated and late ones.

        Args:
            readings: In any order.
            panel: For each reading the panel, as `Panels` counts them; -1 is left out.
            after_us: For each panel the time up to which readings are late.
        """
        order = np.lexsort((readings.time_us, panel))
        panel, time_us = panel[order], readings.time_us[order]
        keep = (panel >= 0) & (time_us > after_us[panel])
        keep[1:] &= (panel[1:] != panel[:-1]) | (time_us[1:] != time_us[:-1])
        rows = order[keep]
        values = np.stack([getattr(readings, name)[rows] for name in QUANTITIES])
        return cls(panel[keep], time_us[keep], values)

    def __len__(self) -> int:
        return len(self.panel)


def by_slot(track: Track, *, before: NDArray[np.int32]) -> Iterator[Samples]:
    """Yield the samples of each slot, earliest slot first.

    Args:
        track: At least one reading.
        before: Shape ``(4, panels)``: the last values of each panel before the track.
    """
    slot = track.time_us // SLOT_US
    begins = np.ones(len(track), np.bool_)
    begins[1:] = (np.diff(track.panel) != 0) | (np.diff(slot) != 0)
    starts = np.flatnonzero(begins)
    samples = _reduced(track, starts=starts, before=before)
    order = np.argsort(slot[starts], kind="stable")
    cuts = np.flatnonzero(np.diff(slot[starts][order])) + 1
    for rows in np.split(order, cuts):
        yield samples.take(rows)


def _reduced(track: Track, *, starts: NDArray[np.intp], before: NDArray[np.int32]) -> Samples:
    values = np.where(track.values == MISSING, np.nan, track.values * 1e-3)
    columns = np.vstack([values, values[1] * values[2]])
    known = ~np.isnan(columns)
    counts = np.add.reduceat(known, starts, axis=1, dtype=np.int64)
    sums = np.add.reduceat(np.where(known, columns, 0.0), starts, axis=1)
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    moved, comparable = _movement(track, before=before)
    any_moved = np.logical_or.reduceat(moved, starts)
    ends = np.append(starts[1:], len(track)) - 1
    temperature, voltage, current, power, volt_amperes = means
    return Samples(
        panel=track.panel[starts],
        begin_us=track.time_us[starts],
        time_us=track.time_us[ends],
        temperature_celsius=temperature,
        voltage_volts=voltage,
        current_amperes=current,
        power_watts=power,
        volt_amperes=volt_amperes,
        moved=any_moved,
        still=~any_moved & np.logical_and.reduceat(comparable, starts),
    )


def _movement(
    track: Track, *, before: NDArray[np.int32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell for each reading whether a value moved, and whether two or more could be compared."""
    first = np.ones(len(track), np.bool_)
    first[1:] = np.diff(track.panel) != 0
    previous = np.roll(track.values, 1, axis=1)
    previous[:, first] = before[:, track.panel[first]]
    known = (track.values != MISSING) & (previous != MISSING)
    moved = (known & (track.values != previous)).any(axis=0)
    return moved, known.sum(axis=0) >= 2  # noqa: PLR2004 - one value alone stands still by chance
