"""The segment: columns encoded once, stored once, sent as they are, counted once.

A segment is a MessagePack envelope around tables of columns. Numbers are compressed by pcodec
(lossless, made for numeric columns); text is a compressed list of distinct values and a numeric
index into it. A body is any number of segments, each after its length as four bytes, big-endian.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidSegmentError
from shared.numbers import compress, decompress
from shared.readings import COLUMNS, Readings
from shared.tables import SCHEMA, Table, Text

VERSION: Final = 1
CONTENT_TYPE: Final = "application/vnd.heliograph.segments"
MAX_ROWS: Final = 1_000_000
"""Rows a table may have; bounds what a segment can grow to when decoded."""
MAX_TEXTS: Final = 65_536
"""Distinct values a text column may have."""
MAX_TEXT_BYTES: Final = 16_777_216
"""Bytes the distinct values of a text column may have when decompressed."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What one or several flushes of a gateway hold."""

    stream: UUID
    """Made anew at each start of the agent."""
    first_seq: int
    """The number of the first flush within, counted from 0 in each stream."""
    last_seq: int
    """The number of the last flush within, inclusive."""
    tables: Mapping[str, Table]
    """Table name to columns, as in `SCHEMA`."""

    def rows(self, table: str) -> int:
        """Return how many rows a table has; 0 when the segment does not carry it."""
        return _rows(self.tables[table]) if table in self.tables else 0


class _Envelope(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    stream: bytes
    first_seq: int
    last_seq: int
    tables: dict[str, tuple[int, dict[str, bytes | tuple[bytes, bytes]]]]


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(_Envelope).decode
_unpack_texts: Final = msgspec.msgpack.Decoder(
    Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_TEXTS)]
).decode


def readings_table(readings: Readings) -> Table:
    """Return readings as a table, ordered by panel and time: a panel's values compress best."""
    order = np.lexsort((readings.time_us, readings.panel))
    table: dict[str, NDArray[Any] | Text] = {
        name: getattr(readings, name)[order] for name in COLUMNS
    }
    return table | {"panel": Text(readings.panel_ids, readings.panel[order])}


def readings_of(segment: Segment) -> Readings | None:
    """Return the readings a segment carries, if any."""
    table = segment.tables.get("readings")
    if table is None:
        return None
    panel = table["panel"]
    assert isinstance(panel, Text)  # noqa: S101 - decode() checked it against SCHEMA
    return Readings(panel.values, panel.index, *(table[name] for name in COLUMNS[1:]))  # type: ignore[arg-type]


def encode(segment: Segment) -> bytes:
    """Encode a segment; its tables must be as `SCHEMA` says."""
    tables = {
        name: (_rows(table), {c: _encode_column(table[c]) for c in SCHEMA[name]})
        for name, table in segment.tables.items()
    }
    return _pack(
        _Envelope(VERSION, segment.stream.bytes, segment.first_seq, segment.last_seq, tables)
    )


def decode(data: bytes) -> Segment:
    """Decode one segment, checking everything and bounding what it can grow to.

    Raises:
        InvalidSegmentError: It is damaged, of another version, or not as `SCHEMA` says.
    """
    try:
        envelope = _unpack(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidSegmentError(f"not a segment: {error}") from error
    if envelope.version != VERSION:
        raise InvalidSegmentError(f"segment version is {envelope.version}, allowed is {VERSION}")
    if len(envelope.stream) != 16 or not 0 <= envelope.first_seq <= envelope.last_seq < 2**63 - 1:  # noqa: PLR2004 - UUID and int8
        raise InvalidSegmentError("segment has no valid stream and range")
    tables = {name: _decode_table(name, *table) for name, table in envelope.tables.items()}
    return Segment(UUID(bytes=envelope.stream), envelope.first_seq, envelope.last_seq, tables)


def pack(segments: Iterable[bytes]) -> bytes:
    """Join encoded segments into a request body."""
    return b"".join(part for data in segments for part in (len(data).to_bytes(4, "big"), data))


def unpack(body: bytes) -> list[bytes]:
    """Split a request body into encoded segments.

    Raises:
        InvalidSegmentError: The lengths do not add up, or there is nothing.
    """
    segments, at = [], 0
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if end > len(body) or end == at + 4:
            raise InvalidSegmentError(f"body is cut short or damaged at byte {at} of {len(body)}")
        segments.append(body[at + 4 : end])
        at = end
    if not segments:
        raise InvalidSegmentError("body is empty; at least one segment is expected")
    return segments


def _rows(table: Table) -> int:
    return len(next(iter(table.values())))


def _encode_column(column: "NDArray[Any] | Text") -> bytes | tuple[bytes, bytes]:
    if isinstance(column, Text):
        return zlib.compress(_pack(column.values)), compress(column.index)
    return compress(column)


def _decode_table(
    name: str, rows: int, columns: Mapping[str, bytes | tuple[bytes, bytes]]
) -> Table:
    if name not in SCHEMA:
        raise InvalidSegmentError(f"table is {name[:80]!r}, allowed are {', '.join(SCHEMA)}")
    if not 0 < rows <= MAX_ROWS:
        raise InvalidSegmentError(f"table {name} has {rows} rows, allowed are 1 to {MAX_ROWS}")
    if columns.keys() != SCHEMA[name].keys():
        raise InvalidSegmentError(
            f"table {name} has columns {sorted(columns)!s:.300}, "
            f"expected are {sorted(SCHEMA[name])}"
        )
    return {
        column: _decode_column(f"{name}.{column}", columns[column], kind=kind, rows=rows)
        for column, kind in SCHEMA[name].items()
    }


def _decode_column(
    name: str, data: bytes | tuple[bytes, bytes], *, kind: str, rows: int
) -> "NDArray[Any] | Text":
    if isinstance(data, bytes) == (kind == "text"):
        raise InvalidSegmentError(f"column {name} is not of kind {kind}")
    if isinstance(data, bytes):
        return _decode_numbers(name, data, kind=kind, rows=rows)
    index = _decode_numbers(name, data[1], kind="i4", rows=rows)
    values = _decode_values(name, data[0])
    if index.min() < 0 or index.max() >= len(values):
        raise InvalidSegmentError(f"column {name} points outside of its {len(values)} values")
    return Text(values, index)


def _decode_values(name: str, data: bytes) -> tuple[str, ...]:
    inflate = zlib.decompressobj()
    try:
        packed = inflate.decompress(data, MAX_TEXT_BYTES)
        if not inflate.eof:
            raise InvalidSegmentError(f"column {name} has over {MAX_TEXT_BYTES} bytes of text")
        values: tuple[str, ...] = _unpack_texts(packed)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidSegmentError(f"column {name} has damaged text: {error}") from error
    if len(set(values)) != len(values):
        raise InvalidSegmentError(f"column {name} repeats a distinct value")
    if any("\0" in value for value in values):
        raise InvalidSegmentError(f"column {name} has a NUL character, which no database keeps")
    return values


def _decode_numbers(name: str, data: bytes, *, kind: str, rows: int) -> NDArray[Any]:
    try:
        return decompress(data, kind=kind, count=rows)
    except ValueError as error:
        raise InvalidSegmentError(f"column {name} {error}") from error
