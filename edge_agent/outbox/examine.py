"""Looks through an outbox: whether all of it is in order, and what is in it."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zlib import crc32

import msgspec

from edge_agent.errors import OutboxDamagedError, OutboxError
from edge_agent.outbox.beside import hidden_damage, refuse_damage
from edge_agent.outbox.damage import FILE_FAULT, log_of, pending, put_aside_files
from edge_agent.outbox.disk import free_bytes
from edge_agent.outbox.sqlite import connected
from edge_agent.outbox.state import RECALL, TOTALS
from edge_agent.outbox.totals import Totals
from edge_agent.outbox.version import refuse_other_version
from shared.errors import InvalidSegmentError
from shared.segments import decode

_MOST_FAULTS: Final = 100
_KINDS: Final = {0: "urgent", 1: "bulk"}
_PILE: Final = (
    "count(*), sum(rows), sum(readings), sum(length(body)), min(from_us), max(to_us), "
    "sum(thinned * readings)"
)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not in order."""

    place: str
    """Where."""
    fault: str
    """What."""


class Verified(msgspec.Struct, kw_only=True):
    """What looking through all of an outbox found."""

    segments: int = 0
    """Segments that were decoded, those set aside included."""
    size_bytes: int = 0
    """Of their bodies."""
    faults: list[Fault] = []
    """What is wrong, at most 100."""


class Heap(msgspec.Struct, frozen=True, kw_only=True):
    """Segments of one kind, or of one stream."""

    name: str
    """Which."""
    segments: int
    """Segments."""
    rows: int
    """Rows of all their tables."""
    readings: int
    """Readings."""
    size_bytes: int
    """Of their bodies."""
    oldest_us: int
    """The earliest time of a row, microseconds since 1970-01-01 UTC."""
    newest_us: int
    """The latest."""
    thinned: int
    """How many of the readings are one-minute means."""


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an outbox."""

    file: str
    """Where it is."""
    file_bytes: int
    """Of the file and its log."""
    unused_bytes: int
    """Of that, what is free to be written to."""
    free_disk_bytes: int
    """What the disk has room for."""
    kinds: list[Heap]
    """What waits, by kind."""
    streams: list[Heap]
    """What waits, by stream, the oldest first."""
    set_aside: int
    """Segments that are set aside: refused by the collector, or damaged."""
    quarantine: int
    """Messages and rows that were not stored."""
    lost_rows: dict[str, int]
    """Rows that were ever given up, by reason."""
    lost_uncounted: dict[str, int]
    """Ranges that were, of which nobody knows how many rows they had."""
    damaged_files: list[str]
    """Files that were found damaged and are kept."""


def verify(path: Path, *, progress: Callable[[int, int], None]) -> Verified:
    """Look through all of an outbox, also beside a running agent.

    Args:
        path: The outbox.
        progress: Told how many segments are done, and of how many.

    Raises:
        OutboxError: It is not there, or of another version.
    """
    found = Verified()
    found.faults += [
        Fault(place=str(aside), fault="was put aside and is still to be salvaged")
        for aside in pending(path)
    ]
    if hidden := hidden_damage(path):
        where = path if hidden == FILE_FAULT else log_of(path)
        found.faults.append(Fault(place=str(where), fault=hidden))
        if where == path:
            return found  # SQLite would drop the log
    try:
        refuse_other_version(path)
        with connected(path, mode="ro") as connection:
            for (said,) in connection.execute(f"PRAGMA integrity_check({_MOST_FAULTS})"):
                if said != "ok":
                    found.faults.append(Fault(place="pages", fault=said))
            for place, fault in _faulty(connection, found=found, progress=progress):
                if len(found.faults) < _MOST_FAULTS:
                    found.faults.append(Fault(place=place, fault=fault))
    except OutboxDamagedError as error:
        found.faults.append(Fault(place="file", fault=str(error.__cause__ or error)))
    return found


def stats(path: Path) -> Stats:
    """Count what is in an outbox, also beside a running agent.

    Raises:
        OutboxError: It is not there, damaged, or of another version.
    """
    refuse_damage(path)
    refuse_other_version(path)
    with connected(path, mode="ro") as connection:
        connection.execute("BEGIN")
        by_kind = connection.execute(f"SELECT kind, {_PILE} FROM segment GROUP BY kind").fetchall()
        by_stream = connection.execute(
            f"SELECT stream, {_PILE} FROM segment GROUP BY stream ORDER BY min(id)"
        ).fetchall()
        [(set_aside,)] = connection.execute("SELECT count(*) FROM set_aside")
        [(quarantine,)] = connection.execute("SELECT count(*) FROM quarantine")
        [(page,)], [(unused,)] = (
            connection.execute(f"PRAGMA {name}") for name in ("page_size", "freelist_count")
        )
        totals = _totals(connection)
    try:
        free = free_bytes(path)
        files = (path, log_of(path))
        size = sum(one.stat().st_size for one in files if one.exists())
    except OSError as error:
        raise OutboxError(f"cannot look at {path}: {error.strerror}") from error
    return Stats(
        file=str(path),
        file_bytes=size,
        unused_bytes=page * unused,
        free_disk_bytes=free,
        kinds=[_heap(_KINDS.get(kind, str(kind)), numbers) for kind, *numbers in by_kind],
        streams=[_heap(_stream(stream), numbers) for stream, *numbers in by_stream],
        set_aside=set_aside,
        quarantine=quarantine,
        lost_rows=totals.lost,
        lost_uncounted=totals.uncounted,
        damaged_files=[str(one) for one in put_aside_files(path)],
    )


def _faulty(
    connection: sqlite3.Connection, *, found: Verified, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, str]]:
    [(count,)] = connection.execute(
        "SELECT (SELECT count(*) FROM segment) + (SELECT count(*) FROM set_aside)"
    )
    for table, checksum in (("segment", "checksum"), ("set_aside", "NULL")):
        query = f"SELECT id, stream, first_seq, last_seq, {checksum}, body FROM {table}"
        for id_, stream, first_seq, last_seq, sum_, body in connection.execute(query):
            found.segments += 1
            found.size_bytes += len(body)
            progress(found.segments, count)
            if fault := _fault(sum_, (stream, first_seq, last_seq), body=body):
                yield f"{table} {id_}", f"{_stream(stream)} {first_seq} to {last_seq}: {fault}"


def _fault(checksum: int | None, place: tuple[bytes, int, int], *, body: bytes) -> str | None:
    """Say what is wrong with a segment; one set aside need not be decodable."""
    if checksum is None:
        return None
    if crc32(body) != checksum:
        return "its checksum is wrong"
    try:
        segment = decode(body)
    except InvalidSegmentError as error:
        return str(error)
    if (segment.stream.bytes, segment.first_seq, segment.last_seq) != place:
        return "it says it is another segment"
    return None


def _totals(connection: sqlite3.Connection) -> Totals:
    rows = connection.execute(RECALL, (TOTALS,)).fetchall()
    try:
        return msgspec.json.decode(rows[0][0], type=Totals)
    except (IndexError, msgspec.MsgspecError, UnicodeDecodeError):
        return Totals()


def _heap(name: str, numbers: list[Any]) -> Heap:
    return Heap(name=name, **dict(zip(Heap.__struct_fields__[1:], numbers, strict=True)))


def _stream(stream: Any) -> str:  # noqa: ANN401 - of a damaged file
    return str(UUID(bytes=stream)) if isinstance(stream, bytes) and len(stream) == 16 else "?"  # noqa: PLR2004 - a UUID
