"""How the pages of an SQLite file are laid out, as far as salvaging needs it."""

from collections.abc import Callable
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from edge_agent.outbox.records import Shape
from edge_agent.outbox.wal import Log

LEAF: Final = 0x0D
"""The first byte of a page that holds rows of a table."""
INTERIOR: Final = 0x05
_SIZES: Final = (1024, 4096)
"""The sizes of pages that outboxes have, or had."""
_FIRST_BYTES: Final = (0, 2, 5, 10, 13)  # how nearly every page begins
_MOST: Final = 0.8
_SAMPLE_BYTES: Final = 16_777_216
LEAF_HEADER_BYTES: Final = 8


class Cell(NamedTuple):
    """A row, as far as it is in its page."""

    id: int
    """The row's number."""
    shape: Shape
    """What is where in its payload."""
    local: bytes
    """The beginning of its payload."""
    overflow: int
    """The page its payload goes on in; 0 for none."""
    live: bool
    """Whether the page says that the row is there; else it may have been deleted."""
    late: bool
    """Whether it is from behind a damaged frame of the log."""


def children(page: bytes, *, begin: int) -> list[int]:
    """Return the pages that a page leads to."""
    count = int.from_bytes(page[begin + 3 : begin + 5], "big")
    start = begin + LEAF_HEADER_BYTES + 4
    end = min(start + 2 * count, len(page) - 1)
    places = [int.from_bytes(page[at : at + 2], "big") for at in range(start, end, 2)]
    return [int.from_bytes(page[at : at + 4], "big") for at in (begin + 8, *places)]


def page_bytes_of(file: BinaryIO, *, log: Log) -> int:
    """Return the size of pages, from the log, the header, or by looking which fits."""
    named = int.from_bytes(file.read(100)[16:18], "big")
    if log.page_bytes or named in _SIZES:
        return log.page_bytes or named
    file.seek(0)
    small = _SIZES[0]
    first = np.frombuffer(file.read(_SAMPLE_BYTES), np.uint8)[small::small]
    return small if np.isin(first, _FIRST_BYTES).mean() > _MOST else _SIZES[1]


def free_pages(read: Callable[[int], bytes | None], *, first: int, count: int) -> frozenset[int]:
    """Return the pages that hold nothing; none if their list is not in order."""
    free: set[int] = set()
    listed = 0
    while first and first not in free:
        page = read(first)
        here = 0 if page is None else int.from_bytes(page[4:8], "big")
        if page is None or here > len(page) // 4 - 2:
            return frozenset()
        free.add(first)
        free.update(np.frombuffer(page, ">u4", here, 8).tolist())
        listed += 1 + here
        first = int.from_bytes(page[:4], "big")
    return frozenset(free) if listed == len(free) == count else frozenset()
