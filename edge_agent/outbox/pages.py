"""The pages of an SQLite file and of the log beside it, read without SQLite.

The format is documented at https://www.sqlite.org/fileformat2.html. Nothing here is believed: a
page may be damaged in any byte.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Self

import numpy as np

from edge_agent.outbox.layout import (
    INTERIOR,
    LEAF,
    LEAF_HEADER_BYTES,
    Cell,
    children,
    free_pages,
    page_bytes_of,
)
from edge_agent.outbox.records import MAX_PAYLOAD, shape_at, varint, varint_before
from edge_agent.outbox.wal import Log, read_log

_CHUNK_BYTES: Final = 4_194_304
# How the record of a segment begins: no id, a kind that is 0 or 1, a stream of 16 bytes.
_SEGMENT: Final = re.compile(rb"\x00[\x08\x09]\x2c")


class Pages:
    """A file and its log, open for reading."""

    def __init__(self, file: BinaryIO, log_file: BinaryIO | None, *, log: Log, page: int) -> None:
        self._file = file
        self._log_file = log_file
        self._log = log
        self._late = dict(log.beyond)
        self.page_bytes = page
        """The size of a page."""
        header = self.read(1) or bytes(100)
        first, count = (int.from_bytes(header[at : at + 4], "big") for at in (32, 36))
        self._free = free_pages(self.read, first=first, count=count)
        self._children: set[int] = set()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file and the log beside it, if there is one; `close` has to follow.

        Raises:
            OSError: It cannot be read.
        """
        log_path = path.with_name(f"{path.name}-wal")
        file = path.open("rb")
        try:
            log = read_log(log_path)
            page = page_bytes_of(file, log=log)
            if not log.page_bytes:
                log = read_log(log_path, page_bytes=page)
            return cls(file, log_path.open("rb") if log.page_bytes else None, log=log, page=page)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._log_file is not None:
            self._log_file.close()

    @property
    def size_bytes(self) -> int:
        """Return how much `cells` goes through."""
        return os.fstat(self._file.fileno()).st_size

    def read(self, number: int, *, late: bool = False) -> bytes | None:
        """Return a page as SQLite sees it, or None where there is none.

        Args:
            number: Counted from 1.
            late: Rather as it is behind a damaged frame of the log.
        """
        place = self._late.get(number) if late else None
        if place is None:
            place = self._log.newest.get(number)
        if place is not None and self._log_file is not None:
            return _full(os.pread(self._log_file.fileno(), self.page_bytes, place), self.page_bytes)
        if not 0 < number <= self.size_bytes // self.page_bytes:
            return None
        place = (number - 1) * self.page_bytes
        return _full(os.pread(self._file.fileno(), self.page_bytes, place), self.page_bytes)

    def cells(self) -> Iterator[Cell | int]:
        """Yield every row of our tables that can be found, and the bytes looked through so far.

        From pages that are in order come the rows they list. From others come also what looks
        like a segment: of those some may have been deleted, which is harmless, for a segment that
        is sent again is known to the collector.
        """
        for number, page in self.changed():
            yield from self._cells_of(page, number=number, late=False)
        for number, place in self._log.beyond:
            assert self._log_file is not None  # noqa: S101 - a log has frames because there is one
            page = os.pread(self._log_file.fileno(), self.page_bytes, place)
            yield from self._cells_of(page, number=number, late=True)
        for start in range(0, self.size_bytes, _CHUNK_BYTES):
            chunk = os.pread(self._file.fileno(), _CHUNK_BYTES, start)
            for at in self._worth_reading(chunk):
                number = (start + at) // self.page_bytes + 1
                if number not in self._log.newest and number not in self._free:
                    page = chunk[at : at + self.page_bytes]
                    yield from self._cells_of(page, number=number, late=False)
            yield start + len(chunk)
        # The list of free pages was damaged where it names a page that others lead to.
        for number in sorted(self._free & self._children):
            yield from self._cells_of(self.read(number) or b"\0", number=number, late=False)

    def payload(self, cell: Cell, *, late: bool) -> bytes:
        """Return a row's payload, following where it goes on; cut off where that is lost."""
        parts, have, number = [cell.local], len(cell.local), cell.overflow
        room = self.page_bytes - 4
        while number and have < cell.shape.payload_bytes:
            page = self.read(number, late=late)
            if page is None:
                break
            part = page[4 : 4 + min(room, cell.shape.payload_bytes - have)]
            number = int.from_bytes(page[:4], "big")
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def changed(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and content of every page that the log has, as SQLite sees it."""
        for number in sorted(self._log.newest):
            page = self.read(number)
            if page is not None and number not in self._free:
                yield number, page

    def _worth_reading(self, chunk: bytes) -> list[int]:
        """Return where pages begin that hold rows, or anything that looks like a segment."""
        first = np.frombuffer(chunk, np.uint8)[:: self.page_bytes]
        rows = (first == LEAF) | (first == INTERIOR)
        pages = set((np.flatnonzero(rows) * self.page_bytes).tolist())
        for hit in _SEGMENT.finditer(chunk):
            pages.add(hit.start() // self.page_bytes * self.page_bytes)
        return sorted(pages)

    def _cells_of(self, page: bytes, *, number: int, late: bool) -> Iterator[Cell]:
        begin = 100 if number == 1 else 0
        if page[begin] == INTERIOR:
            self._children.update(children(page, begin=begin))
        listed, whole = self._listed(page, begin=begin)
        seen = set()
        for at in listed:
            cell = self._cell(page, at=at, late=late)
            if cell is not None:
                seen.add(at)
                yield cell
        if not whole:
            for hit in _SEGMENT.finditer(page):
                cell = self._cell_around(page, types=hit.start(), late=late, seen=seen)
                if cell is not None:
                    yield cell

    def _listed(self, page: bytes, *, begin: int) -> tuple[list[int], bool]:
        """Return where a page says its cells are, and whether all of the page adds up."""
        if page[begin] != LEAF:
            return [], False
        free, count, content, fragments = (
            int.from_bytes(page[begin + at : begin + at + size], "big")
            for at, size in ((1, 2), (3, 2), (5, 2), (7, 1))
        )
        start = begin + LEAF_HEADER_BYTES
        end = min(start + 2 * count, len(page) - 1)
        places = [int.from_bytes(page[at : at + 2], "big") for at in range(start, end, 2)]
        used = fragments
        for at in places:
            size = self._cell_bytes(page, at=at)
            if size is None or at < start + 2 * count:
                return places, False
            used += size
        while free:
            if free + 4 > len(page) or used > self.page_bytes:
                return places, False
            used += int.from_bytes(page[free + 2 : free + 4], "big")
            free = int.from_bytes(page[free : free + 2], "big")
        return places, (content or 65_536) + used == self.page_bytes

    def _cell_bytes(self, page: bytes, *, at: int) -> int | None:
        try:
            size, place = varint(page, at)
            _, place = varint(page, place)
        except IndexError:
            return None
        if size > MAX_PAYLOAD:
            return None
        local = self._local_bytes(size)
        end = place + local + 4 * (local < size)
        return max(end - at, 4) if end <= self.page_bytes else None

    def _local_bytes(self, payload_bytes: int) -> int:
        """Return how much of a payload is in its own page."""
        most = self.page_bytes - 35
        if payload_bytes <= most:
            return payload_bytes
        least = (self.page_bytes - 12) * 32 // 255 - 23
        some = least + (payload_bytes - least) % (self.page_bytes - 4)
        return some if some <= most else least

    def _cell(self, page: bytes, *, at: int, late: bool) -> Cell | None:
        try:
            _, place = varint(page, at)
            id_, place = varint(page, place)
        except IndexError:
            return None
        return self._cell_from(page, id_=id_, at=place, live=True, late=late)

    def _cell_around(self, page: bytes, *, types: int, late: bool, seen: set[int]) -> Cell | None:
        """Return the cell whose column types begin at a place, unless it was ``seen``."""
        try:
            id_, begin = varint_before(page, types - 1)
            _, begin = varint_before(page, begin)
        except IndexError:
            return None
        if begin in seen:
            return None
        return self._cell_from(page, id_=id_, at=types - 1, live=False, late=late)

    def _cell_from(self, page: bytes, *, id_: int, at: int, live: bool, late: bool) -> Cell | None:
        shape = shape_at(page, at) if at >= 0 else None
        if shape is None:
            return None
        # What the header says is used, not the length before it: either may be damaged.
        local = self._local_bytes(shape.payload_bytes)
        end = at + local
        overflow = 0
        if local < shape.payload_bytes:
            overflow = int.from_bytes(page[end : end + 4], "big")
        return Cell(id_, shape, page[at:end], overflow, live, late)


def _full(page: bytes, size: int) -> bytes | None:
    return page if len(page) == size else None
