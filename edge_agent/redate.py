"""What an untrusted clock dated is told apart, held, and dated anew once the clock is right.

At a flush under an untrusted clock every table is divided: rows that carry a stamp of another
clock may go, whatever ours says; rows that our clock dated are held. Ours are those without a
stamp of their own, and those whose stamp was within `NEAR_US` of our clock when they came: their
sensor has its time from us, or from where we had it. So everything in a held segment moves
together, and where the clock turns out to have been right nothing has to be decoded.

No two readings of a panel fall together by this. Rows of one segment move alike; where they do
not, `_apart` looks. Rows without a stamp become time since boot plus the right offset, whatever
the clock said when they came, just as if it had been right all along. Stamps have milliseconds
at best, and are moved by a number of microseconds that is no whole millisecond, so that they do
not meet stamps that were left as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.clock import Moment, Trust
from edge_agent.sealed import Sealed, sealed_of
from shared.alerts import from_micros, since
from shared.errors import InvalidSegmentError
from shared.messages import NEAR_SECONDS
from shared.quality import Quality
from shared.segments import Segment, decode, encode
from shared.tables import MISSING_I8, SCHEMA, Table, Text, picked

NEAR_US: Final = round(NEAR_SECONDS * 1e6)
"""A stamp this near to our clock was taken from it, or from the same source."""
ALERT_NEAR_US: Final = 900_000_000
"""The same for alerts and windows: what they tell began, or ended, some minutes ago."""
RIGHT_US: Final = 500_000
"""A clock that was wrong by no more was right."""
TELLABLE_US: Final = 2 * NEAR_US
"""With a smaller error a stamp near to our clock may as well be a right one: it stays."""

_TELLING: Final = {
    "readings": ("time_us", NEAR_US),
    "weather": ("time_us", NEAR_US),
    "meter": ("time_us", NEAR_US),
    "windows": ("time_us", ALERT_NEAR_US),
    "alerts": ("last_seen_us", ALERT_NEAR_US),
}
"""Tables whose rows may be dated by another clock, the column that tells it, and how near."""
_AT_ONCE: Final = frozenset({"panels", "health"})
"""What a panel is has no time, and how the agent is has to be known above all in trouble."""
_MILLISECOND_US: Final = 1_000
_ROUNDS: Final = 10

Part = Mapping[str, Table]
"""Tables by name."""


def divided(parts: Sequence[Part], *, moment: Moment) -> Iterator[tuple[Part, bool]]:
    """Yield the tables of a flush in parts, and whether each has to be held.

    Args:
        parts: The tables of each segment there would be with a trusted clock.
        moment: When the flush was.
    """
    for part in parts:
        if moment.dating.trust is Trust.TRUSTED:
            yield part, False
            continue
        ours = {name: _ours(name, table, moment=moment) for name, table in part.items()}
        if moment.dating.trust is Trust.SUSPECT:
            yield _flagged(part, rows=ours), False
            continue
        for held, rows in ((False, {name: ~mask for name, mask in ours.items()}), (True, ours)):
            if some := _picked(part, rows=rows):
                yield some, held


def redated(sealed: Sealed, *, shift_us: int) -> Sealed:
    """Return a held segment as it would be had the clock been right.

    Args:
        sealed: A held segment; one that cannot be decoded is let go as it is.
        shift_us: What to add to our clock's times.
    """
    if abs(shift_us) <= RIGHT_US:
        return released(sealed)
    segment = _decoded(sealed)
    if segment is None:
        return released(sealed)
    tables = {
        name: _redated_table(name, table, shift_us=shift_us)
        for name, table in segment.tables.items()
    }
    return _sealed(segment, tables=tables)


def suspected(sealed: Sealed) -> Sealed:
    """Return a held segment whose clock will never be known, its readings flagged as such."""
    segment = _decoded(sealed)
    if segment is None:
        return released(sealed)
    return _sealed(segment, tables=_flagged(segment.tables, rows={}))


def released(sealed: Sealed) -> Sealed:
    """Return a held segment that may go as it is."""
    return sealed._replace(boot=None, offset_us=None)


def _ours(name: str, table: Table, *, moment: Moment) -> NDArray[np.bool_]:
    """Tell for each row whether our clock dated it."""
    rows = len(next(iter(table.values())))
    if name not in _TELLING:
        return np.full(rows, name not in _AT_ONCE)
    column, near_us = _TELLING[name]
    times = np.asarray(table[column])
    return (times >= moment.since_us - near_us) & (times <= moment.now_us + near_us)


def _picked(part: Part, *, rows: Mapping[str, NDArray[np.bool_]]) -> dict[str, Table]:
    return {
        name: table if rows[name].all() else picked(table, rows=rows[name])
        for name, table in part.items()
        if rows[name].any()
    }


def _flagged(part: Part, *, rows: Mapping[str, NDArray[np.bool_]]) -> dict[str, Table]:
    """Flag readings: those at ``rows``, or all."""
    tables = dict(part)
    if "readings" in part:
        quality = np.asarray(part["readings"]["quality"])
        bits = np.where(rows.get("readings", True), np.int16(Quality.TIME_SUSPECT), np.int16(0))
        tables["readings"] = {**part["readings"], "quality": (quality | bits).astype(np.int16)}
    return tables


def _redated_table(name: str, table: Table, *, shift_us: int) -> Table:
    if name == "readings":
        return _redated_readings(table, shift_us=shift_us)
    if name == "alerts":
        return _shifted_alerts(table, shift_us=shift_us)
    return _shifted(name, table, shift_us=shift_us)


def _redated_readings(table: Table, *, shift_us: int) -> Table:
    before = np.asarray(table["time_us"])
    arrived = (np.asarray(table["quality"]) & Quality.ARRIVAL_TIME) != 0
    stamps_us = shift_us + (shift_us % _MILLISECOND_US == 0)
    if abs(shift_us) <= TELLABLE_US:
        stamps_us = 0
    after = before + np.where(arrived, shift_us, stamps_us)
    panel = table["panel"]
    assert isinstance(panel, Text)  # noqa: S101 - SCHEMA says so
    return {**table, "time_us": _apart(after, before=before, panel=panel.index)}


def _apart(
    times: NDArray[np.int64], *, before: NDArray[np.int64], panel: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Move readings of a panel that fell together, but were apart, by a microsecond."""
    times = times.copy()
    for _ in range(_ROUNDS):
        order = np.lexsort((before, times, panel))
        first, second = order[:-1], order[1:]
        together = (times[first] == times[second]) & (panel[first] == panel[second])
        meeting = second[together & (before[first] != before[second])]
        if not len(meeting):
            break
        times[meeting] += 1
    return times


def _shifted(name: str, table: Table, *, shift_us: int) -> Table:
    moments = [column for column in SCHEMA[name] if column.endswith("_us")]
    return {**table, **{one: _moved(np.asarray(table[one]), shift_us) for one in moments}}


def _shifted_alerts(table: Table, *, shift_us: int) -> Table:
    """Shift all times, and the one that stands in the details."""
    moved = _shifted("alerts", table, shift_us=shift_us)
    raised_us, details = np.asarray(moved["raised_us"]), moved["details"]
    assert isinstance(details, Text)  # noqa: S101 - SCHEMA says so
    try:
        texts = [
            msgspec.json.encode(
                since(msgspec.json.decode(text, type=dict), raised_at=from_micros(at))
            ).decode()
            for text, at in zip(details.tolist(), raised_us.tolist(), strict=True)
        ]
    except (msgspec.MsgspecError, OverflowError):
        return moved
    return {**moved, "details": Text.of(texts)}


def _moved(times: NDArray[np.int64], shift_us: int) -> NDArray[np.int64]:
    return np.where(times == MISSING_I8, times, times + shift_us)


def _decoded(sealed: Sealed) -> Segment | None:
    try:
        return decode(sealed.body)
    except InvalidSegmentError:
        return None  # the collector will say so, and it is set aside


def _sealed(segment: Segment, *, tables: Mapping[str, Table | dict[str, Any]]) -> Sealed:
    changed = replace(segment, tables=tables)
    return sealed_of(changed, body=encode(changed))
