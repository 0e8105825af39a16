"""A plain account of an outbox: every reading that was put, and where it must be now.

It reads the outbox's file by itself and knows each reading; nothing of the outbox's own counting is
believed. A flush is known by its stream and number, a reading by its panel and time.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from edge_agent.sealed import Kind, Sealed
from shared.losses import Loss, LossReason, losses_of
from shared.segments import Segment, decode, readings_of

Flush = tuple[UUID, int]
Readings = dict[tuple[str, int], int]
"""Power in milliwatts by panel and time in microseconds."""

_MINUTE_US = 60_000_000
_SEGMENTS = "SELECT body, thinned, kind, rows FROM segment ORDER BY id"


@dataclass(frozen=True)
class Kept:
    """A segment as the file holds it."""

    segment: Segment
    """What it is."""
    rows: int
    """Of all its tables."""
    thinned: bool | None
    """Whether its readings are means; None if the file does not say."""

    @property
    def flushes(self) -> list[Flush]:
        """Those it covers."""
        return list(_flushes(self.segment.stream, self.segment.first_seq, self.segment.last_seq))


@dataclass(frozen=True)
class Contents:
    """What an outbox file holds."""

    data: list[Kept]
    """Segments of readings and alerts that wait."""
    declared: dict[Flush, list[Loss]]
    """The losses declared by segments that wait or were set aside, by the segment's own key."""
    aside: list[Kept]
    """Segments that were set aside."""
    waiting: tuple[int, int]
    """All segments that wait, and their rows."""
    set_aside: int
    """All segments that were set aside."""


def contents(path: Path) -> Contents:
    """Read an outbox's file, beside whoever has it open."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        rows = file.execute(_SEGMENTS).fetchall()
        rows_aside = file.execute("SELECT body, NULL, kind, rows FROM set_aside").fetchall()
    declared: dict[Flush, list[Loss]] = {}
    data, aside = (_kept(part, declared=declared) for part in (rows, rows_aside))
    waiting = len(rows), sum(count for _, _, _, count in rows)
    return Contents(data, declared, aside, waiting, len(rows_aside))


def _kept(rows: Iterable[tuple[Any, ...]], *, declared: dict[Flush, list[Loss]]) -> list[Kept]:
    """Return segments; put those that declare losses into ``declared`` instead."""
    data = []
    for body, thinned, kind, count in rows:
        segment = decode(body)
        assert count == _rows(segment), f"{count} rows noted of {segment}"
        if losses := losses_of(segment):
            assert kind == Kind.URGENT
            declared[segment.stream, segment.first_seq] = losses
        else:
            data.append(Kept(segment, count, None if thinned is None else bool(thinned)))
    return data


@dataclass
class Account:
    """What was put, what of it is safe, and what the collector has a receipt for."""

    put: dict[Flush, tuple[int, Readings]] = field(default_factory=dict)
    """Rows and readings of every flush."""
    safe: set[Flush] = field(default_factory=set)
    """Those that are acknowledged."""
    receipted: dict[Flush, int] = field(default_factory=dict)
    """Those the collector has a receipt for, with the rows that were sent; of several flushes
    sent together, the first has the rows of all."""
    declared: dict[Flush, list[Loss]] = field(default_factory=dict)
    """Losses declared by segments the collector has a receipt for."""

    declarers: set[UUID] = field(default_factory=set)
    """Streams of segments that declare losses; these are declared anew when given up."""

    def copy(self) -> "Account":
        """Return an account that stays as this one is now."""
        return Account(
            dict(self.put),
            set(self.safe),
            dict(self.receipted),
            dict(self.declared),
            set(self.declarers),
        )

    def add(self, segment: Segment, readings: Readings) -> None:
        """Note a flush that is put."""
        self.put[segment.stream, segment.first_seq] = (_rows(segment), readings)

    def receipt(self, sealed: Sealed) -> None:
        """Note a receipt that the outbox was told of."""
        segment = decode(sealed.body)
        flushes = list(_flushes(segment.stream, segment.first_seq, segment.last_seq))
        if losses := losses_of(segment):
            self.declared[flushes[0]] = losses
            return
        for flush in flushes:
            assert flush not in self.receipted, f"{flush} was sent again after its receipt"
            self.receipted[flush] = 0
            self.safe.add(flush)
        self.receipted[flushes[0]] = sealed.rows

    def at_stake(self) -> int:
        """Return how many readings are safe, or were."""
        return sum(len(self.put[flush][1]) for flush in self.safe)

    def check(self, found: Contents, *, before: "Account | None" = None) -> None:
        """Compare an outbox with this account.

        Args:
            found: What the outbox holds.
            before: The account before a step that was cut off; what changed in it may have
                happened or not. None means that nothing is in doubt.

        Raises:
            AssertionError: A flush is lost, doubled, or came from nowhere, or its rows differ.
        """
        before = before or self
        places = self._places(found, before=before)
        for flush, count in places.items():
            assert flush in self.put, f"{flush} came from nowhere"
            assert count == 1, f"{flush} is in {count} places"
        missing = (before.safe & self.safe) - places.keys()
        assert not missing, f"lost without a word: {missing}"
        for kept in (*found.data, *found.aside):
            self._compare(kept)
        self._sum(found, places=places.keys(), before=before)

    def _places(self, found: Contents, *, before: "Account") -> Counter[Flush]:
        places = Counter(flush for kept in (*found.data, *found.aside) for flush in kept.flushes)
        for loss in _losses(self, found):
            if loss.reason is not LossReason.THINNED:
                places.update(_flushes(loss.stream, loss.first_seq, loss.last_seq))
        certain = before.receipted.keys()
        places.update(f for f in self.receipted if f in certain or f not in places)
        return places

    def _compare(self, kept: Kept) -> None:
        """Compare a segment's readings with those of its flushes."""
        expected: Readings = {}
        for flush in kept.flushes:
            expected |= self.put[flush][1]
        readings = _readings(kept.segment)
        if kept.thinned is False or len(readings) == len(expected):
            assert readings == expected, f"the readings of {kept.flushes} differ"
            return
        for (panel, time_us), mean in readings.items():
            assert (panel, time_us) in expected, f"nobody put {panel} at {time_us}"
            minute = time_us // _MINUTE_US
            values = [
                v for (p, t), v in expected.items() if (p, t // _MINUTE_US) == (panel, minute)
            ]
            assert min(values) <= mean <= max(values), f"{mean} is no mean of {values}"
        minutes = {(panel, t // _MINUTE_US) for panel, t in expected}
        assert minutes == {(panel, t // _MINUTE_US) for panel, t in readings}

    def _sum(self, found: Contents, *, places: Collection[Flush], before: "Account") -> None:
        """Rows that wait, were sent, set aside and declared lost are the rows that were put."""
        there = {flush for kept in (*found.data, *found.aside) for flush in kept.flushes}
        sent = sum(
            rows for f, rows in self.receipted.items() if f in before.receipted or f not in there
        )
        rows = sum(kept.rows for kept in (*found.data, *found.aside))
        lost = sum(loss.rows or 0 for loss in _losses(self, found))
        put = sum(self.put[flush][0] for flush in places)
        assert rows + sent + lost == put, f"{rows} wait, {sent} sent, {lost} lost, {put} put"


def _losses(account: Account, found: Contents) -> list[Loss]:
    """Return every declared loss of data once, wherever its declaration is."""
    declared = (account.declared | found.declared).values()
    return [each for one in declared for each in one if each.stream not in account.declarers]


def _flushes(stream: UUID, first_seq: int, last_seq: int) -> Iterator[Flush]:
    return ((stream, seq) for seq in range(first_seq, last_seq + 1))


def _rows(segment: Segment) -> int:
    return sum(segment.rows(table) for table in segment.tables)


def _readings(segment: Segment) -> Readings:
    readings = readings_of(segment)
    if readings is None:
        return {}
    panels: Iterable[str] = (readings.panel_ids[index] for index in readings.panel.tolist())
    found = list(zip(panels, readings.time_us.tolist(), readings.power_mw.tolist(), strict=True))
    keyed = {(panel, time_us): power for panel, time_us, power in found}
    assert len(keyed) == len(found), "a reading is there twice"
    return keyed
