"""Takes over what can be read of a damaged outbox, and declares the rest lost.

The damaged file was put aside, and a new one is in use: salvaging goes on beside the running
agent, in transactions of a few megabytes, and can be stopped and repeated at any point.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from edge_agent.errors import OutboxError, OutboxFullError
from edge_agent.outbox.damage import Damage, damage_of, settled
from edge_agent.outbox.declared import declarations, loss_of
from edge_agent.outbox.found import Found, Ranges, fronts, gaps, header_of, is_intact, truth
from edge_agent.outbox.layout import Cell
from edge_agent.outbox.pages import Pages
from edge_agent.outbox.records import values_of
from edge_agent.outbox.room import file_bytes
from edge_agent.outbox.rows import insertion, row_of
from edge_agent.outbox.salvage_report import REPORT, Salvaged, count
from edge_agent.outbox.sqlite import connected, mapped_errors, written
from edge_agent.outbox.state import REMEMBER
from shared.losses import Loss, LossReason

_BATCH_BYTES: Final = 2_000_000
_BATCH_ROWS: Final = 500
_RETRY_SECONDS: Final = 5.0

Row = dict[str, Any]


@dataclass(slots=True)
class _Batch:
    """Rows for the next transaction."""

    rows: list[tuple[str, Row]] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def full(self) -> bool:
        return self.size_bytes >= _BATCH_BYTES or len(self.rows) >= _BATCH_ROWS


class Salvage:
    """Salvages one file; `run` does it."""

    def __init__(self, path: Path, *, aside: Path, max_bytes: int, stop: threading.Event) -> None:
        """Prepare.

        Args:
            path: The outbox in use.
            aside: The damaged file.
            max_bytes: How large the outbox may grow, with all that is beside it.
            stop: Set from elsewhere to end early; what is left is done another time.
        """
        self._path = path
        self._aside = aside
        self._max_bytes = max_bytes
        self._stop = stop
        self._patient = True
        self._known = Ranges()
        self._seen: set[tuple[str, int]] = set()
        self._found: list[Found] = []
        self._unreadable: list[Found] = []
        self._batch = _Batch()

    def run(
        self,
        *,
        progress: Callable[[int, int], None] = lambda _done, _size: None,
        patient: bool = True,
    ) -> Salvaged | None:
        """Salvage; returns what became of the file, or None if told to stop before the end.

        Args:
            progress: Told the bytes looked through, and of how many.
            patient: Whether to wait for room where there is none.

        Raises:
            OutboxFullError: There is no room, and this is not patient.
            OutboxError: The file in use, or the one put aside, cannot be used.
        """
        self._patient = patient
        damage = damage_of(self._aside)
        report = Salvaged(file=str(self._aside), reason=damage.reason, noticed_us=damage.noticed_us)
        with connected(self._path) as connection:
            [(page,)] = connection.execute("PRAGMA page_size")
            connection.execute(f"PRAGMA max_page_count = {file_bytes(self._max_bytes) // page}")
            self._learn(connection)
            try:
                done = self._take_over(connection, report=report, progress=progress)
            except OSError as error:
                raise OutboxError(f"cannot read {self._aside}: {error.strerror}") from error
            if not done or not self._declare(connection, damage=damage, report=report):
                return None
        settled(self._path, aside=self._aside)
        return report

    def _learn(self, connection: sqlite3.Connection) -> None:
        """Learn what an earlier attempt took over."""
        for table in ("segment", "set_aside"):
            rows = connection.execute(f"SELECT stream, first_seq, last_seq FROM {table}")
            for stream, first_seq, last_seq in rows:
                self._known.add(stream, first_seq, last_seq)
        for table in ("quarantine", "replay"):
            rows = connection.execute(f"SELECT payload, received_us FROM {table}")
            self._seen.update((table, _mark_of(*row)) for row in rows)

    def _take_over(
        self,
        connection: sqlite3.Connection,
        *,
        report: Salvaged,
        progress: Callable[[int, int], None],
    ) -> bool:
        with contextlib.closing(Pages.open(self._aside)) as pages:
            report.file_lost = pages.size_bytes < pages.page_bytes
            for cell in pages.cells():
                if isinstance(cell, int):
                    progress(cell, pages.size_bytes)
                    if self._stop.is_set():
                        return False
                    continue
                self._look_at(cell, pages=pages)
                if self._batch.full and not self._write(connection, report=report):
                    return False
        return self._write(connection, report=report)

    def _look_at(self, cell: Cell, *, pages: Pages) -> None:
        """Sort a row: to be taken over, known already, or unreadable."""
        row: Row = {}
        for late in (cell.late, not cell.late):
            row = _values(cell, payload=pages.payload(cell, late=late))
            if is_intact(row, table=cell.shape.table):
                self._keep(cell, row=row)
                return
        header = header_of(row, id_=cell.id) if cell.shape.table == "segment" else None
        if header is not None and cell.live:
            self._unreadable.append(header)

    def _keep(self, cell: Cell, *, row: Row) -> None:
        table = cell.shape.table
        if table in {"segment", "set_aside"}:
            row = truth(row)
            if table == "segment":
                self._found.append(Found.of(row, id_=cell.id))
            stream, first, last = row["stream"], row["first_seq"], row["last_seq"]
            if self._known.covers(stream, first, last):
                return
            self._known.add(stream, first, last)
        else:
            mark = (table, _mark_of(row["payload"], row["received_us"]))
            if mark in self._seen:
                return
            self._seen.add(mark)
        row.pop("id")
        self._batch.rows.append((table, row))
        self._batch.size_bytes += len(row.get("body") or row.get("payload") or b"")

    def _write(self, connection: sqlite3.Connection, *, report: Salvaged) -> bool:
        """Write a batch; without room, wait for it."""
        batch, self._batch = self._batch, _Batch()

        def work() -> None:
            for table, row in batch.rows:
                connection.execute(*insertion(table, row))
            set_aside = [row for table, row in batch.rows if table == "set_aside"]
            if set_aside:
                count(connection, set_aside=set_aside)

        if not self._written(connection, work):
            return False
        segments = [row for table, row in batch.rows if table == "segment"]
        report.segments += len(segments)
        report.rows += sum(row["rows"] for row in segments)
        report.others += len(batch.rows) - len(segments)
        return True

    def _declare(self, connection: sqlite3.Connection, *, damage: Damage, report: Salvaged) -> bool:
        """Declare what is lost, once, and note what was done."""
        now_us = time.time_ns() // 1000
        losses = self._losses(now_us, file_lost=report.file_lost)
        report.lost_ranges = len(losses)
        report.lost_rows = sum(loss.rows or 0 for loss in losses)
        report.unknown_ranges = sum(loss.rows is None for loss in losses)

        def work() -> None:
            for one in declarations(losses, stream=damage.stream):
                if not self._known.covers(damage.stream.bytes, one.key.first_seq, one.last_seq):
                    row = row_of(one) | {"created_us": now_us}
                    connection.execute(*insertion("segment", row))
            uncounted = report.unknown_ranges + report.file_lost
            count(connection, lost_rows=report.lost_rows, uncounted=uncounted)
            value = msgspec.json.encode(report)
            connection.execute(REMEMBER, (REPORT, value))

        return self._written(connection, work)

    def _losses(self, now_us: int, *, file_lost: bool) -> list[Loss]:
        found = sorted({*self._found})
        unreadable = [
            one
            for one in sorted({*self._unreadable})
            if not self._known.covers(one.stream, one.first_seq, one.last_seq)
        ]
        ranges: list[tuple[Found, int | None]] = [(one, one.rows) for one in unreadable]
        ranges += [(one, None) for one in gaps(found + unreadable)]
        ranges += [(one, None) for one in fronts(found + unreadable) if file_lost]
        reason = LossReason.DAMAGED
        return [loss_of(one, rows=rows, reason=reason, now_us=now_us) for one, rows in ranges]

    def _written(self, connection: sqlite3.Connection, work: Callable[[], None]) -> bool:
        """Do it in a transaction as soon as there is room; False if told to stop before."""
        while True:
            try:
                with mapped_errors(self._path), written(connection):
                    work()
            except OutboxFullError:
                if not self._patient:
                    raise
                if self._stop.wait(_RETRY_SECONDS):
                    return False
            else:
                return True


def _values(cell: Cell, *, payload: bytes) -> dict[str, Any]:
    try:
        return values_of(cell.shape, payload)
    except ValueError:
        return {}


def _mark_of(payload: Any, received_us: Any) -> int:  # noqa: ANN401 - whatever SQLite kept
    return hash((bytes(payload), received_us))
