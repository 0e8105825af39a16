"""Rows of the outbox's tables for those who write them without a loop."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from edge_agent.sealed import Sealed


def row_of(sealed: Sealed) -> dict[str, Any]:
    """Return a segment as a row of its table, without its id and its circumstances."""
    return {
        "kind": int(sealed.kind),
        "stream": sealed.key.stream.bytes,
        "first_seq": sealed.key.first_seq,
        "last_seq": sealed.last_seq,
        "rows": sealed.rows,
        "readings": sealed.readings,
        "from_us": sealed.from_us,
        "to_us": sealed.to_us,
        "checksum": crc32(sealed.body),
        "body": sealed.body,
    }


def insertion(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the statement that adds a row, and its parameters; one that is there stays."""
    marks = ", ".join("?" * len(row))
    return f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()]
