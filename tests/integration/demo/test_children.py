import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.demo.children import Child, Program
from deploy.demo.errors import ChildFailedError
from deploy.demo.family import Family
from deploy.demo.notify import NotifySocket
from programs.processes import inherited

ROOT = Path(__file__).parents[3]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def python(code, **options):
    async def ready():
        return True

    return Program(
        **{"name": "p", "command": [sys.executable, "-c", code], "ready": ready} | options
    )


@pytest.fixture
def child_of(tmp_path):
    children = []

    def make(program):
        said = []
        child = Child(program, logs=tmp_path, say=said.append)
        child.said = said
        children.append(child)
        return child

    yield make
    for child in children:
        if child._process is not None:
            child._process.kill()
            child._process.wait()


async def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_program_that_ends_before_it_is_ready_is_told_with_the_end_of_its_log(child_of):
    async def never():
        return False

    child = child_of(python("raise SystemExit('the disk is on fire')", ready=never))
    with pytest.raises(ChildFailedError, match=r"p ended at its start .exit code 1.*\n.*on fire"):
        await child.start()


async def test_a_killed_program_is_started_again_as_another_process(child_of):
    child, changes = child_of(python("import time; time.sleep(60)")), []
    await child.start()
    first = child.pid
    keeping = asyncio.ensure_future(child.keep(lambda: changes.append(child.pid)))
    os.kill(first, signal.SIGKILL)
    await until(lambda: changes)
    keeping.cancel()
    assert changes == [child.pid]
    assert child.pid != first
    assert alive(child.pid)
    assert "SIGKILL" in child.said[0]


async def test_a_program_that_ends_again_and_again_is_given_up(child_of):
    child = child_of(python("import time; time.sleep(0.3)"))
    await child.start()
    with pytest.raises(ChildFailedError, match="as soon as"):
        await asyncio.wait_for(child.keep(lambda: None), 30)


async def test_a_process_that_takes_the_place_is_left_to_do_the_work(child_of):
    mark = f"mark-{os.getpid()}"
    command = [sys.executable, "-c", "import time; time.sleep(60)", mark]
    child, changes = child_of(python("", command=command, marks=(mark,))), []
    await child.start()
    keeping = asyncio.ensure_future(child.keep(lambda: changes.append(child.pid)))
    os.kill(child.pid, signal.SIGTERM)
    with subprocess.Popen(command) as other:  # noqa: ASYNC220 - returns at once
        await until(lambda: changes == [other.pid])
        other.kill()
    await until(lambda: len(changes) == 2)
    keeping.cancel()
    assert changes[1] not in {0, other.pid}
    assert alive(changes[1])


async def test_a_program_that_ignores_the_request_to_stop_is_ended_by_force(child_of, tmp_path):
    deaf = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(tmp_path / 'deaf')!r}).touch(); time.sleep(60)"
    )

    async def ready():
        return (tmp_path / "deaf").exists()

    child = child_of(python(deaf, ready=ready, stop_seconds=0.5))
    await child.start()
    pid = child.pid
    await child.stop()
    assert not alive(pid)


async def test_a_family_stops_all_of_its_programs_last_started_first(tmp_path):
    def named(name):
        code = (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    with open({str(tmp_path / 'order')!r}, 'a') as f: f.write({name!r})\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end)\n"
            f"open({str(tmp_path / name)!r}, 'w').close()\n"
            "time.sleep(60)"
        )

        async def ready():
            return (tmp_path / name).exists()

        return python(code, name=name, ready=ready)

    async with Family(tmp_path, say=lambda _: None) as family:
        await family.start(named("a"))
        await family.start(named("b"))
        pids = family.pids()
        await family.watch(lambda: None, seconds=0.1)
    assert (tmp_path / "order").read_text() == "ba"
    assert not any(alive(pid) for pid in pids.values())


def test_a_child_ends_when_its_parent_is_killed(tmp_path, wait_until):
    code = """
import asyncio, pathlib, sys, time
from deploy.demo.children import Child, Program
async def ready(): return True
async def main(folder):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = Child(Program(name="c", command=command, ready=ready), logs=folder, say=print)
    await child.start()
    (folder / "unfinished").write_text(str(child.pid))
    (folder / "unfinished").rename(folder / "pid")
    await asyncio.sleep(60)
asyncio.run(main(pathlib.Path(sys.argv[1])))
"""
    environment = inherited() | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) as parent:
        wait_until((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        assert alive(pid)
        parent.kill()
    wait_until(lambda: not alive(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


async def test_a_program_tells_by_its_socket_when_it_is_ready():
    with NotifySocket() as notified:
        assert not await notified.ready()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"STATUS=starting", "\0" + notified.address[1:])
            assert not await notified.ready()
            sender.sendto(b"READY=1\nSTATUS=runs", "\0" + notified.address[1:])
        assert await notified.ready()
