"""The models' files and the record of them, in a folder beside the outbox, readable by us only."""

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.errors import ModelError
from edge_agent.models.record import Record
from shared.errors import InvalidModelError
from shared.model_card import ModelCard

_KEPT: Final = 4
_REMEMBERED: Final = 50
_PRIVATE: Final = 0o600

_log = logging.getLogger(__name__)


def models_folder(outbox: Path) -> Path:
    """Return the folder of the models of the agent with this outbox."""
    return outbox.with_name("models")


class Store:
    """The folder; the agent and a person's commands may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._record = folder / "record.json"

    def written_at(self) -> int | None:
        """Return when the record was last written, as the file system counts; None if never."""
        try:
            return self._record.stat().st_mtime_ns
        except OSError:
            return None

    def read(self) -> Record:
        """Return the record; a fresh one if there is none, or none that can be read."""
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=Record)
        except FileNotFoundError:
            return Record()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            _log.error("the record of models %s cannot be used, beginning anew: %s",
                       self._record, error)  # fmt: skip
            return Record()

    def refuse_unreadable(self) -> None:
        """See that the record can be read, if there is one: a person is told nothing made up.

        Raises:
            ModelError: It cannot.
        """
        try:
            self._record.open("rb").close()
        except FileNotFoundError:
            return
        except OSError as error:
            hint = "; do it as root or as the agent's user" * isinstance(error, PermissionError)
            raise ModelError(f"cannot read {self._record}: {error.strerror}{hint}") from error

    def change(self, step: Callable[[Record], Record]) -> Record:
        """Change the record; whoever else wants to waits.

        Args:
            step: Makes the new record of the old one.

        Raises:
            ModelError: It cannot be written.
        """
        with self._errors(self._record), self._locked():
            before = self.read()
            after = step(before)
            if after != before:
                after = _forgotten(after)
                self._write(self._record, data=msgspec.json.encode(after))
                self._prune(after)
            return after

    def keep(self, card: ModelCard, *, data: bytes) -> None:
        """Keep a model's file.

        Raises:
            ModelError: It cannot be written.
        """
        path = self._file(card.version)
        with self._errors(path), self._locked():
            self._write(path, data=data)

    def data(self, card: ModelCard, *, key: Ed25519PublicKey | None) -> bytes:
        """Return a model's file, if it is what the collector vouches for.

        Args:
            card: Of the model.
            key: The collector's, as pinned.

        Raises:
            ModelError: It is not there, was changed, or is not vouched for.
        """
        path = self._file(card.version)
        try:
            if key is None:
                raise ModelError("no key of a collector is known; enrol again: edge-agent enroll")
            card.verify(key)
            data = path.read_bytes()
            card.check(data)
        except OSError as error:
            raise ModelError(f"cannot read {path}: {error.strerror}") from error
        except InvalidModelError as error:
            raise ModelError(f"{error} ({path})") from error
        return data

    def has(self, version: str) -> bool:
        """Tell whether there is a file of a version."""
        return self._file(version).is_file()

    def part(self, card: ModelCard) -> Path:
        """Return where what was fetched of a model waits for the rest."""
        return self._folder / f"{card.sha256[:16]}.part"

    def append(self, card: ModelCard, *, data: bytes) -> None:
        """Add what was fetched to what there is of a model.

        Raises:
            ModelError: It cannot be written.
        """
        path = self.part(card)
        with self._errors(path):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for other in self._folder.glob("*.part"):
                if other != path:  # of what is offered no more
                    other.unlink(missing_ok=True)
            with open(path, "ab", opener=_private) as file:
                file.write(data)

    def _prune(self, record: Record) -> None:
        """Delete files that nobody goes back to."""
        roles = {record.in_use, record.previous, record.candidate} & record.known.keys()
        latest = sorted(record.known.values(), key=lambda one: one.since)[::-1]
        others = [one.card.version for one in latest if one.card.version not in roles]
        kept = roles | set(others[: max(0, _KEPT - len(roles))])
        for path in self._folder.glob("*.onnx"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._folder / "lock", "ab", opener=_private) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._own(file.fileno())
            yield

    @contextlib.contextmanager
    def _errors(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ModelError(f"cannot write {path}: {error.strerror}") from error

    def _write(self, path: Path, *, data: bytes) -> None:
        """Replace a file so that after a crash there is the old one or the new one, whole."""
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        with open(new, "xb", opener=_private) as file:
            self._own(file.fileno())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _own(self, handle: int) -> None:
        """Leave what root writes to the service's user, whose folder it is."""
        if os.geteuid() == 0:
            owner = self._folder.parent.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
            os.chown(self._folder, owner.st_uid, owner.st_gid)

    def _file(self, version: str) -> Path:
        return self._folder / f"{version}.onnx"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)


def _forgotten(record: Record) -> Record:
    """Return a record that does not grow for ever."""
    kept = sorted(record.known.values(), key=lambda one: one.since)[-_REMEMBERED:]
    return msgspec.structs.replace(record, known={one.card.version: one for one in kept})
