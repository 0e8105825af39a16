"""Carries what waits on disk to where a network is: out as a signed bundle, and in again."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from zlib import crc32

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import EdgeError, OutboxDamagedError, OutboxFullError
from edge_agent.outbox.beside import refuse_damage
from edge_agent.outbox.disk import sync_folder
from edge_agent.outbox.found import Ranges
from edge_agent.outbox.rows import insertion, row_of
from edge_agent.outbox.sqlite import connected, written
from edge_agent.outbox.version import refuse_other_version
from edge_agent.sealed import sealed_of
from shared.bundle import Bundle, Header, Progress, write_bundle
from shared.errors import InvalidSegmentError
from shared.quality import Quality
from shared.segments import decode, readings_of

_BATCH_BYTES: Final = 4_000_000
_BATCH_SEGMENTS: Final = 1_000
_PRIVATE: Final = 0o600
_WITHIN: Final = "to_us >= :since AND from_us < :until"
_COUNT: Final = f"""
WITH found AS MATERIALIZED (
    SELECT rows, readings, is_whole(body, checksum) AS whole
    FROM segment
    WHERE boot IS NULL AND {_WITHIN}
)
SELECT
    count(*) FILTER (WHERE whole),
    coalesce(sum(rows) FILTER (WHERE whole), 0),
    coalesce(sum(readings) FILTER (WHERE whole), 0),
    count(*) FILTER (WHERE NOT whole),
    coalesce(sum(rows) FILTER (WHERE NOT whole), 0)
FROM found
"""
_BODIES: Final = (
    f"SELECT body FROM segment WHERE boot IS NULL AND {_WITHIN} AND is_whole(body, checksum) "
    "ORDER BY id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which segments: those with a row in ``[since_us, until_us)``, microseconds since 1970."""

    since_us: int = -(2**63)
    """From when,"""
    until_us: int = 2**63 - 1
    """until when."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a bundle."""

    file: str
    """Where it is."""
    segments: int
    """Segments,"""
    rows: int
    """their rows,"""
    readings: int
    """and readings among them."""
    size_bytes: int
    """Of the file."""
    undated: int
    """Segments left out: they wait for this gateway's clock to be right."""
    damaged: int
    """Segments left out: their bytes changed on disk."""
    damaged_rows: int
    """Rows of those."""


class TakenIn(msgspec.Struct, kw_only=True):
    """What became of a bundle."""

    segments: int = 0
    """Segments in it."""
    added: int = 0
    """Those that wait for the collector now,"""
    rows: int = 0
    """with so many rows."""
    known: int = 0
    """Those that did so before."""
    damaged: int = 0
    """Those that are no segments."""


def export_bundle(
    path: Path,
    *,
    to: Path,
    header: Header,
    key: Ed25519PrivateKey,
    span: Span,
    progress: Callable[[int, int], None],
) -> Exported:
    """Write what waits on disk and is whole into a bundle; nothing is removed.

    The file appears under its name once it is whole and on the disk.

    Args:
        path: The outbox; an agent may use it meanwhile.
        to: Where the bundle goes.
        header: Who and when; its counts are put in.
        key: The gateway's.
        span: Which segments.
        progress: Told how many segments are written, and of how many.

    Raises:
        OutboxError: The outbox cannot be read, is damaged, or of another version.
        EdgeError: The bundle cannot be written.
    """
    bounds = {"since": span.since_us, "until": span.until_us}
    refuse_damage(path)
    refuse_other_version(path)
    with connected(path, mode="ro") as connection:
        connection.execute("BEGIN")  # one view of it, however long this takes
        connection.create_function("is_whole", 2, _is_whole)
        [counts] = connection.execute(_COUNT, bounds)
        undated = f"SELECT count(*) FROM segment WHERE boot IS NOT NULL AND {_WITHIN}"
        [(left_out,)] = connection.execute(undated, bounds)
        segments, rows, readings, damaged, damaged_rows = counts
        counted = msgspec.structs.replace(header, segments=segments, rows=rows, readings=readings)
        bodies = _bodies(connection, bounds=bounds, count=segments, progress=progress)
        with _replaced(to) as file:
            write_bundle(file, header=counted, segments=bodies, key=key)
    return Exported(
        file=str(to),
        segments=segments,
        rows=rows,
        readings=readings,
        size_bytes=to.stat().st_size,
        undated=left_out,
        damaged=damaged,
        damaged_rows=damaged_rows,
    )


def import_bundle(path: Path, *, bundle: Bundle, now_us: int, progress: Progress) -> TakenIn:
    """Take a verified bundle into an outbox; what waits there already is left as it is.

    What the collector has meanwhile got a second time it counts once. An agent that runs notices
    what was added within a second.

    Args:
        path: The outbox; an agent may use it meanwhile.
        bundle: `Bundle.verify` has accepted it.
        now_us: Microseconds since 1970-01-01 UTC.
        progress: Told the bytes taken in.

    Raises:
        OutboxFullError: There is no more room; what was added until then stays.
        OutboxError: The outbox cannot be written, is damaged, or of another version.
        InvalidBundleError: The file changed meanwhile.
    """
    taken, known = TakenIn(), Ranges()
    refuse_damage(path)
    refuse_other_version(path)
    with connected(path) as connection:
        for table in ("segment", "set_aside"):
            for row in connection.execute(f"SELECT stream, first_seq, last_seq FROM {table}"):
                known.add(*row)
        for batch in _batches(bundle.segments(progress=progress)):
            rows = [row for data in batch if (row := _row(data, known=known, taken=taken))]
            try:
                with written(connection):
                    for row in rows:
                        connection.execute(*insertion("segment", row | {"created_us": now_us}))
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
                    raise
                raise OutboxFullError(
                    f"there is no room for more than the {taken.added} segments that were taken "
                    "in; they stay: import again when some of it was sent"
                ) from error
            taken.added += len(rows)
            taken.rows += sum(row["rows"] for row in rows)
    return taken


def _row(data: bytes, *, known: Ranges, taken: TakenIn) -> dict[str, Any] | None:
    taken.segments += 1
    try:
        segment = decode(data)
    except InvalidSegmentError:
        taken.damaged += 1
        return None
    sealed = sealed_of(segment, body=data)
    place = (sealed.key.stream.bytes, sealed.key.first_seq, sealed.last_seq)
    if known.covers(*place):
        taken.known += 1
        return None
    known.add(*place)
    readings = readings_of(segment)
    thinned = readings is not None and bool((readings.quality & Quality.THINNED).any())
    return row_of(sealed) | {"thinned": int(thinned)}


def _batches(segments: Iterator[bytes]) -> Iterator[Sequence[bytes]]:
    batch: list[bytes] = []
    size = 0
    for data in segments:
        batch.append(data)
        size += len(data)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_SEGMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _bodies(
    connection: sqlite3.Connection,
    *,
    bounds: dict[str, int],
    count: int,
    progress: Callable[[int, int], None],
) -> Iterator[bytes]:
    number = 0
    for number, (body,) in enumerate(connection.execute(_BODIES, bounds), 1):
        yield body
        progress(number, count)
    if number != count:
        raise OutboxDamagedError("the outbox is damaged: segments changed while they were read")


def _is_whole(body: object, checksum: object) -> bool:
    return isinstance(body, bytes) and crc32(body) == checksum


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """Write a file under another name, which it gets when it is whole and on the disk."""
    new = path.with_name(f".{path.name}.new")
    try:
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        with contextlib.suppress(OSError):  # FAT, as on most sticks, may not take it
            sync_folder(path.parent)
    except OSError as error:
        raise EdgeError(f"cannot write {path}: {error.strerror}") from error
