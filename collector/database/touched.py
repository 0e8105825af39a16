"""Telling the job that keeps the aggregates which times a transaction touched."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from collector.batch import Part

_HOUR_US: Final = 3_600_000_000
_MINUTE_US: Final = 60_000_000
_TOUCH: Final = """
INSERT INTO rollup.touched (site_key, first_at, last_at)
SELECT site_key, to_timestamp(0) + first_us * INTERVAL '1 microsecond',
       to_timestamp(0) + last_us * INTERVAL '1 microsecond'
FROM unnest(%s::int4[], %s::int8[], %s::int8[]) AS new (site_key, first_us, last_us)
"""


async def touch(cursor: psycopg.AsyncCursor[Any], *, parts: Sequence[Part]) -> None:
    """Note the times of readings, by site and hour.

    Args:
        cursor: In the transaction that stores them.
        parts: Those that brought new readings.
    """
    sites: list[int] = []
    firsts: list[int] = []
    lasts: list[int] = []
    for part in parts:
        if part.rows is not None and len(part.rows):
            first, last = hours(part.rows.time_us)
            sites += [part.site_key] * len(first)
            firsts += first.tolist()
            lasts += last.tolist()
    if sites:
        await cursor.execute(_TOUCH, [sites, firsts, lasts])


def hours(time_us: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last minute with a time, for each hour that has one.

    Args:
        time_us: Microseconds since 1970, shape ``(n,)``, in any order, at least one.

    Returns:
        Two arrays of microseconds since 1970, of one shape, in order.
    """
    minutes = np.unique(time_us // _MINUTE_US) * _MINUTE_US
    hour = minutes // _HOUR_US
    begins = np.flatnonzero(np.diff(hour, prepend=hour[0] - 1))
    ends = np.append(begins[1:], len(minutes)) - 1
    return minutes[begins], minutes[ends]
