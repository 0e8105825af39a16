"""SQLite's write-ahead log, read without SQLite: it passes over what it cannot verify in silence.

The format is documented at https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24

_MAGIC: Final = (0x377F0682, 0x377F0683)
_LARGEST_CHECKED: Final = 134_217_728  # of what is looked at before a start; takes half a second
_COMMITS_OF_DAMAGE: Final = 2

_Words = NDArray[np.uint32]


@dataclass(slots=True)
class Log:
    """What is in a log."""

    page_bytes: int = 0
    """The size of its pages; 0 when there is no log."""
    newest: dict[int, int] = field(default_factory=dict)
    """Page number to where its newest committed content is; SQLite sees these."""
    beyond: list[tuple[int, int]] = field(default_factory=list)
    """Page number and place of frames behind one that is damaged or torn, in order."""
    commits_beyond: int = 0
    """How many of those end a transaction."""
    beheaded: bool = False
    """Whether its header is damaged; what a power cut leaves of a new log is all zeros."""


class _Checksum:
    """SQLite's checksum of frames: a linear recurrence over pairs of words, here for all at once.

    With the state (a, b) and the pair (x, y) it is a += x + b, b += y + a. After n pairs the state
    is M^n (a, b) plus the sum of M^(n-1-i) (x + 0, x + y), where M is [[1, 1], [1, 2]].
    """

    def __init__(self, size: int) -> None:
        pairs = size // 8
        a, b, c, d = 1, 0, 0, 1
        powers = np.empty((pairs, 4), np.uint32)
        for at in range(pairs - 1, -1, -1):
            powers[at] = a, b, c, d
            a, b, c, d = (
                (a + b) & 0xFFFFFFFF,
                (a + 2 * b) & 0xFFFFFFFF,
                (c + d) & 0xFFFFFFFF,
                (c + 2 * d) & 0xFFFFFFFF,
            )
        self._last = (a, b, c, d)
        self._x_to_a = powers[:, 0] + powers[:, 1]
        self._y_to_a = powers[:, 1].copy()
        self._x_to_b = powers[:, 2] + powers[:, 3]
        self._y_to_b = powers[:, 3].copy()

    def after(self, state: tuple[int, int], *, words: _Words) -> tuple[int, int]:
        x, y = words[0::2], words[1::2]
        with np.errstate(over="ignore"):
            plus_a = int((self._x_to_a * x + self._y_to_a * y).sum(dtype=np.uint32))
            plus_b = int((self._x_to_b * x + self._y_to_b * y).sum(dtype=np.uint32))
        a, b, c, d = self._last
        return (
            (a * state[0] + b * state[1] + plus_a) & 0xFFFFFFFF,
            (c * state[0] + d * state[1] + plus_b) & 0xFFFFFFFF,
        )


def read_log(path: Path, *, page_bytes: int = 0, checked_bytes: int | None = None) -> Log:
    """Read a log; none is an empty one.

    Args:
        path: The file, ``...-wal``.
        page_bytes: What to take for the size of pages if the log's header is damaged.
        checked_bytes: Leave it out if it is larger than that.

    Raises:
        OSError: It cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Log()
    with file:
        size = os.fstat(file.fileno()).st_size
        if size < HEADER_BYTES or (checked_bytes is not None and size > checked_bytes):
            return Log()
        return _read(file, size=size, page_bytes=page_bytes)


def looks_damaged(path: Path, *, same_boot: bool) -> bool:
    """Tell whether a log hides something committed; cheap enough for every start.

    A power cut may tear the transaction that was being written and yet leave its end: that was
    never acknowledged. A second end behind it was written after the first was on disk. Without a
    power cut nothing is torn but the very end, however the program ended.

    Args:
        path: The log.
        same_boot: Whether the computer ran ever since it was last written.

    Raises:
        OSError: It cannot be read.
    """
    found = read_log(path, checked_bytes=_LARGEST_CHECKED)
    if found.beheaded:
        return True
    return found.commits_beyond >= (1 if same_boot else _COMMITS_OF_DAMAGE)


def _read(file: BinaryIO, *, size: int, page_bytes: int) -> Log:
    header = file.read(HEADER_BYTES)
    magic, _, named, _, *salts, one, two = (
        int.from_bytes(header[at : at + 4], "big") for at in range(0, HEADER_BYTES, 4)
    )
    order = ">u4" if magic & 1 else "<u4"
    whole = magic in _MAGIC and _start(header, order=order) == (one, two)
    log = Log(page_bytes=named if whole else page_bytes, beheaded=not whole and any(header))
    if not log.page_bytes:
        return log
    frame_bytes = FRAME_HEADER_BYTES + log.page_bytes
    first, rest = _Checksum(8), _Checksum(log.page_bytes)
    state, valid, pending = (one, two), whole, dict[int, int]()
    for at in range(HEADER_BYTES, size - frame_bytes + 1, frame_bytes):
        file.seek(at)
        frame = file.read(frame_bytes)
        number, commit, *theirs, a, b = np.frombuffer(frame[:FRAME_HEADER_BYTES], ">u4").tolist()
        if whole and theirs != salts:
            # From before the log was begun anew; all that is in the file itself.
            valid = False
            continue
        if valid:
            words = np.frombuffer(frame, order)
            state = first.after(state, words=words[:2])
            state = rest.after(state, words=words[FRAME_HEADER_BYTES // 4 :])
            valid = state == (a, b)
        place = at + FRAME_HEADER_BYTES
        if valid:
            pending[number] = place
            if commit:
                log.newest |= pending
                pending = {}
        else:
            log.beyond.append((number, place))
            log.commits_beyond += commit != 0
    log.beyond = [*pending.items(), *log.beyond]
    return log


def _start(header: bytes, *, order: str) -> tuple[int, int]:
    return _Checksum(24).after((0, 0), words=np.frombuffer(header[:24], order))
