"""Thinning: readings become one-minute means, so that a full outbox forgets detail first."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.quality import Quality
from shared.readings import MISSING, QUANTITIES, Readings
from shared.segments import Segment, readings_of, readings_table

_MINUTE_US: Final = 60_000_000


def thinned(segment: Segment) -> Segment:
    """Return a segment with its readings thinned; its other tables stay as they are."""
    readings = readings_of(segment)
    if readings is None:
        return segment
    tables = dict(segment.tables) | {"readings": readings_table(thin(readings))}
    return Segment(segment.stream, segment.first_seq, segment.last_seq, tables)


def thin(readings: Readings) -> Readings:
    """Return one reading for each panel and UTC minute, ordered by panel and time.

    A quantity is the mean of those that were measured, rounded to the nearest thousandth (halves
    up), `MISSING` without any; the time is that of the first; the quality is all bits together,
    and `Quality.THINNED` where it stands for more than one.

    Args:
        readings: At least one, in any order.
    """
    order = np.lexsort((readings.time_us, readings.panel))
    panel, time_us = readings.panel[order], readings.time_us[order]
    minute = time_us // _MINUTE_US
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (panel[1:] != panel[:-1]) | (minute[1:] != minute[:-1])
    starts = np.flatnonzero(begins)
    several = np.diff(starts, append=len(order)) > 1
    means = {name: _means(getattr(readings, name)[order], starts=starts) for name in QUANTITIES}
    quality = np.bitwise_or.reduceat(readings.quality[order], starts)
    quality[several] |= np.int16(Quality.THINNED)
    return Readings(
        panel_ids=readings.panel_ids,
        panel=panel[starts],
        time_us=time_us[starts],
        quality=quality,
        **means,
    )


def _means(values: NDArray[np.int32], *, starts: NDArray[Any]) -> NDArray[np.int32]:
    """Return the mean of each run; sums are exact: 2^31 values of 32 bits fit into 64."""
    there = values != MISSING
    sums = np.add.reduceat(np.where(there, values, 0).astype(np.int64), starts)
    counts = np.add.reduceat(there.astype(np.int64), starts)
    double = 2 * np.maximum(counts, 1)
    means = (2 * sums + double // 2) // double
    return np.where(counts > 0, means, MISSING).astype(np.int32)
