"""Power cuts: what a disk may hold of all that SQLite has written, at any moment of it.

A recorder stands between SQLite's library, the one Python's own `sqlite3` uses, and its file
system layer: it sees every write, truncation, sync, creation and removal of the database and its
log. After any number of these it makes the files as a disk may have them when the power goes:
what was synced is there; of the rest, any writes may be missing, and any torn at a sector.
The index of the log (-shm) is left out: SQLite makes it anew when it opens a file alone.
"""

import _sqlite3
import contextlib
import ctypes
import random
from collections.abc import Iterator, Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p, cast
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR_BYTES = 512
"""What a disk writes as a whole, or not."""

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class _Vfs(Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
        *((f"other_{number}", c_void_p) for number in range(14)),
    )


class _Methods(Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        *((f"other_{number}", c_void_p) for number in range(13)),
    )


class Event(NamedTuple):
    """One thing SQLite did."""

    what: str
    """create, delete, write, truncate, sync."""
    file: str
    """The file's name, without folder."""
    offset: int = 0
    """Of a write; the size of a truncation."""
    data: bytes = b""
    """What was written."""


class Recorder:
    """Records what SQLite does to the files of one folder while it is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._library = ctypes.CDLL(_sqlite3.__file__)  # its symbols are SQLite's
        self._library.sqlite3_vfs_find.restype = c_void_p
        self._library.sqlite3_vfs_find.argtypes = (c_char_p,)
        self._library.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
        self._library.sqlite3_vfs_unregister.argtypes = (c_void_p,)
        self._names: dict[int, str] = {}
        self._methods: dict[int, tuple[_Methods, _Methods]] = {}

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Make it what SQLite uses for every file it opens within the block."""
        usual = self._library.sqlite3_vfs_find(None)
        self._usual = _Vfs.from_address(usual)
        ours = _Vfs.from_buffer_copy(self._usual)
        ours.name, ours.next = b"recorder", None
        ours.open, ours.delete = _OPEN(self._open), _DELETE(self._delete)
        assert self._library.sqlite3_vfs_register(byref(ours), 1) == 0
        try:
            yield
        finally:
            self._library.sqlite3_vfs_register(usual, 1)
            self._library.sqlite3_vfs_unregister(byref(ours))

    def _open(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        path = Path(cast(name, c_char_p).value.decode()) if name else None
        known = path is not None and path.parent == self.folder and path.suffix != ".db-shm"
        is_new = known and not path.exists()
        code = self._usual.open(vfs, name, file, flags, out)
        if code == 0 and known:
            if is_new:
                self.events.append(Event("create", path.name))
            self._names[file] = path.name
            slot = cast(file, POINTER(c_void_p))
            slot[0] = ctypes.addressof(self._recording(slot[0]))
        return code

    def _recording(self, usual: int) -> _Methods:
        if usual not in self._methods:
            theirs = _Methods.from_address(usual)
            ours = _Methods.from_buffer_copy(theirs)

            def write(file: int, data: int, size: int, offset: int) -> int:
                name, written = self._names[file], ctypes.string_at(data, size)
                self.events.append(Event("write", name, offset, written))
                return theirs.write(file, data, size, offset)

            def truncate(file: int, size: int) -> int:
                self.events.append(Event("truncate", self._names[file], size))
                return theirs.truncate(file, size)

            def sync(file: int, flags: int) -> int:
                code = theirs.sync(file, flags)
                self.events.append(Event("sync", self._names[file]))
                return code

            ours.write, ours.truncate, ours.sync = _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
            self._methods[usual] = (theirs, ours)
        return self._methods[usual][1]

    def _delete(self, vfs: int, name: bytes, sync_folder: int) -> int:
        path = Path(name.decode())
        code = self._usual.delete(vfs, name, sync_folder)
        if code == 0 and path.parent == self.folder:
            self.events.append(Event("delete", path.name))
            if sync_folder:
                self.events.append(Event("sync", ""))
        return code


@dataclass
class _File:
    """A file on the disk: what is safe of it, and what is not yet."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    is_synced: bool = False


class Disk:
    """What a disk has been told, event by event."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._pending_names: list[tuple[str, _File | None]] = []

    def do(self, event: Event) -> None:
        """Take the next event."""
        if event.what == "create":
            self._files[event.file] = _File()
            self._pending_names.append((event.file, self._files[event.file]))
        elif event.what == "delete":
            del self._files[event.file]
            self._pending_names.append((event.file, None))
        elif event.what == "sync":
            self._sync(event.file)
        else:
            self._of(event.file).pending.append(event)

    def cut(
        self, folder: Path, *, rng: random.Random, shares: Sequence[float] = (0.0, 0.5, 0.9, 1.0)
    ) -> None:
        """Write down, into a folder, one of the states a power cut may leave.

        Args:
            folder: Where to.
            rng: What decides.
            shares: How much of what was not synced is there: one of these.
        """
        kept_share = rng.choice(shares)
        known = round(rng.random() * len(self._pending_names)) if kept_share < 1 else None
        names = {**self._durable_names, **dict(self._pending_names[:known])}
        for name, file in names.items():
            if file is None:
                continue
            content = bytearray(file.durable)
            for event in file.pending:
                if rng.random() < kept_share:
                    _apply(content, event)
                elif event.what == "write" and kept_share and rng.random() < 0.5:
                    _tear(content, event, rng=rng)
            (folder / name).write_bytes(content)

    def _of(self, name: str) -> _File:
        """Return a file; one that was there before the recording began is safely there."""
        if name not in self._files:
            self._files[name] = self._durable_names[name] = _File()
        return self._files[name]

    def _sync(self, name: str) -> None:
        if not name:
            self._sync_folder()
            return
        file = self._of(name)
        for event in file.pending:
            _apply(file.durable, event)
        file.pending.clear()
        if not file.is_synced:  # SQLite syncs the folder with the first sync of a log it made
            file.is_synced = True
            self._sync_folder()

    def _sync_folder(self) -> None:
        for name, file in self._pending_names:
            if file is None:
                self._durable_names.pop(name, None)
            else:
                self._durable_names[name] = file
        self._pending_names.clear()


def _apply(content: bytearray, event: Event) -> None:
    if event.what == "truncate":
        del content[event.offset :]
        content.extend(bytes(event.offset - len(content)))
        return
    end = event.offset + len(event.data)
    content.extend(bytes(max(0, end - len(content))))
    content[event.offset : end] = event.data


def _tear(content: bytearray, event: Event, *, rng: random.Random) -> None:
    """Write some of the sectors."""
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if rng.random() < 0.5:
            part = event.data[start - event.offset : stop - event.offset]
            _apply(content, Event("write", event.file, start, part))
        start = stop
