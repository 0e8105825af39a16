"""What the table `state` kept by name, read from a log whose file is gone.

The table is without row numbers: SQLite lays it out as it does an index.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_agent.outbox.layout import LEAF_HEADER_BYTES, Cell
from edge_agent.outbox.pages import Pages
from edge_agent.outbox.records import MAX_PAYLOAD, Shape, varint

_HEADER_BYTES: Final = {0x0A: LEAF_HEADER_BYTES, 0x02: LEAF_HEADER_BYTES + 4}
"""Of a page at the bottom, and of one above others."""
_CHILD_BYTES: Final = {0x0A: 0, 0x02: 4}
_TEXT: Final = 13
_BLOB: Final = 12


def named_in_log(path: Path) -> dict[str, bytes]:
    """Return values by name, those of which all is in the log beside a file.

    Raises:
        OSError: It cannot be read.
    """
    found: dict[str, bytes] = {}
    with contextlib.closing(Pages.open(path)) as pages:
        for _, page in pages.changed():
            for cell in _cells(page):
                payload = pages.payload(cell, late=False)
                if len(payload) == cell.shape.payload_bytes:
                    begin = cell.shape.header_bytes
                    middle = begin + (cell.shape.types[0] - _TEXT) // 2
                    with contextlib.suppress(UnicodeDecodeError):
                        found[payload[begin:middle].decode()] = payload[middle:]
    return found


def _cells(page: bytes) -> Iterator[Cell]:
    kind = page[0]
    if kind not in _HEADER_BYTES:
        return
    start = _HEADER_BYTES[kind]
    end = start + 2 * int.from_bytes(page[3:5], "big")
    for at in range(start, min(end, len(page) - 1), 2):
        place = int.from_bytes(page[at : at + 2], "big") + _CHILD_BYTES[kind]
        with contextlib.suppress(IndexError):
            if (cell := _cell(page, at=place)) is not None:
                yield cell


def _cell(page: bytes, *, at: int) -> Cell | None:
    """Return the row that begins at a place; None if it is none of a name and a value."""
    payload_bytes, begin = varint(page, at)
    header_bytes, place = varint(page, begin)
    name, place = varint(page, place)
    value, place = varint(page, place)
    texts = name >= _TEXT and name % 2 == 1 and value >= _BLOB and value % 2 == 0
    whole = header_bytes + (name - _TEXT) // 2 + (value - _BLOB) // 2
    if place != begin + header_bytes or not texts or whole != payload_bytes or whole > MAX_PAYLOAD:
        return None
    local = _local_bytes(payload_bytes, page_bytes=len(page))
    after = page[begin + local : begin + local + 4]
    overflow = int.from_bytes(after, "big") if local < payload_bytes else 0
    shape = Shape("state", (name, value), header_bytes, payload_bytes)
    return Cell(0, shape, page[begin : begin + local], overflow, live=True, late=False)


def _local_bytes(payload_bytes: int, *, page_bytes: int) -> int:
    """Return how much of a payload is in its own page."""
    most = (page_bytes - 12) * 64 // 255 - 23
    if payload_bytes <= most:
        return payload_bytes
    least = (page_bytes - 12) * 32 // 255 - 23
    some = least + (payload_bytes - least) % (page_bytes - 4)
    return some if some <= most else least
