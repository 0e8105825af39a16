import contextlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest

from collector.database.embedded import embedded_postgres
from collector.database.keeper import postmaster

USER = """
import sys
from pathlib import Path
from collector.database.embedded import embedded_postgres
with embedded_postgres(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder():
    """A data folder; not one of pytest's, which the server's user may not enter."""
    with TemporaryDirectory(prefix="heliograph-test-") as parent:
        yield Path(parent) / "data"


@pytest.fixture
def use(folder):
    """`use()`: another program that uses the folder, for as long as its input is open."""
    programs = []

    def start():
        program = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        programs.append(program)
        assert program.stdout.readline().startswith("postgresql://")
        return program

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def server(folder):
    return postmaster(folder.resolve() / "postgres")


def write(url, number):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def kept(url):
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY 1")]


def test_the_folder_is_private_and_data_outlasts_the_server(folder):
    with embedded_postgres(folder) as url:
        write(url, 1)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert server(folder) is not None
    assert server(folder) is None
    with embedded_postgres(folder) as url:
        assert kept(url) == [1]


def test_what_was_committed_is_on_disk(folder):
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        for setting in ("synchronous_commit", "fsync", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_programs_share_one_server_which_stops_with_the_last(folder, use):
    with embedded_postgres(folder):
        other = use()
        first = server(folder)
    assert server(folder) == first
    other.communicate("")
    assert server(folder) is None


def test_the_server_stops_when_its_last_user_is_killed(folder, use, wait_until):
    only = use()

    only.kill()

    wait_until(lambda: server(folder) is None, what="the server to stop")


def test_killing_everything_at_once_loses_nothing_that_was_committed(folder, use):
    user = use()
    with embedded_postgres(folder) as url:
        write(url, 1)
    pid = server(folder)
    keeper = psutil.Process(pid).parent()
    backends = psutil.Process(pid).children(recursive=True)

    for process in (keeper, psutil.Process(pid)):
        process.kill()
    for backend in backends:
        with contextlib.suppress(psutil.NoSuchProcess):  # a connection's that has ended meanwhile
            backend.kill()
    user.kill()

    with embedded_postgres(folder) as url:
        assert kept(url) == [1]


def test_a_stale_pid_that_is_another_process_now_does_not_stop_the_start(folder):
    with embedded_postgres(folder) as url:
        write(url, 1)
    (folder / "postgres" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{folder}/postgres\n0\n5432\n{folder}/postgres\n\n  1 1\nready\n"
    )

    with embedded_postgres(folder) as url:
        assert kept(url) == [1]


def test_a_server_that_dies_is_started_again(folder, wait_until):
    with embedded_postgres(folder) as url:
        first = server(folder)
        os.kill(first, signal.SIGKILL)

        def again():
            try:
                write(url, 2)
            except psycopg.OperationalError:
                return False
            return server(folder) != first

        wait_until(again, what="the server to come back")
