"""Disks that are full or read-only, for real: nothing acknowledged is lost, and the agent stays."""

import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.diagnosis import problems as told
from edge_agent.outbox import open_outbox
from edge_agent.outbox.examine import stats
from edge_agent.status import read_status, write_status
from shared.losses import losses_of


@contextmanager
def mounted(folder, *, options):
    """A small file system of its own in a folder."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(
            "this test needs a small file system of its own and may not make one: run it as root, "
            f"in a container with --cap-add SYS_ADMIN (mount said: {done.stderr.strip()})"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path):
    """Take all that is left of a disk."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.fixture
async def on_small_disk(tmp_path, mosquitto, collector, agent_of, monkeypatch):
    """An enrolled agent that has 3 MB for all of its files but its status, as under systemd."""
    runtime = Path(tempfile.mkdtemp(prefix="heliograph-", dir="/run"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(runtime))
    with mounted(tmp_path / "disk", options="size=3m") as folder:
        process = agent_of(
            folder,
            broker_port=mosquitto.port,
            collector_url=collector.url,
            extra="min_free_megabytes = 0\n",
        )
        process.log = tmp_path / "agent.log"  # what tells what happened needs room, too
        process.log.touch()
        assert (await process.run("enroll", "--token", "good")).returncode == 0
        yield process
        await process.kill()
    shutil.rmtree(runtime)


def reading(number):
    noise = random.Random(number)  # of which nothing can be compressed away
    return {
        "panel_id": f"PANEL-{number % 50:03d}",
        "timestamp": time.time() - 3600 + number / 1000,
        "temperature_celsius": noise.uniform(5, 60),
        "voltage_volts": noise.uniform(30, 50),
        "current_amperes": noise.uniform(3, 9),
        "power_output_watts": noise.uniform(100, 400),
    }


def send(panel, start, count, *, at_once=500):
    for first in range(start, start + count, at_once):
        array = [reading(number) for number in range(first, first + at_once)]
        panel.send("sensors/PANEL-000/readings", json.dumps(array))


def is_short_of_room(outbox):
    """Whether the agent says that it is, or gave something up for it."""
    status = read_status(outbox)
    said = status is not None and any("full" in one for one in told(status, now=time.time()))
    return said or any(stats(outbox).lost_rows.values())


def problems(agent):
    done = agent.command("status", "--json")
    return json.loads(done.stdout)["problems"] if done.stdout else [done.stderr]


async def test_a_full_disk_stops_nothing_and_loses_nothing_undeclared(
    on_small_disk, collector, mosquitto, publisher_of, until
):
    agent, disk = on_small_disk, on_small_disk.folder
    count = 100_000
    await agent.start()
    await collector.stop()
    filler = disk / "something-else"
    with filler.open("wb") as file:  # all but 300 kB of the disk
        file.write(bytes(3_000_000 - 300_000 - sum(one.stat().st_size for one in disk.iterdir())))
    async with publisher_of(mosquitto.port) as panel:
        send(panel, 0, count)
        await until(lambda: is_short_of_room(agent.outbox), what="it says so")
        fill(disk / "the-rest")
        await collector.start()

        def arrived():
            lost = sum(loss.rows for s in collector.segments for loss in losses_of(s))
            return len(collector.readings) + lost

        await until(lambda: arrived() >= count, seconds=90, what="all of it")
        await until(lambda: not stats(agent.outbox).kinds, what="it notes that")
    assert arrived() == count
    assert len(set(collector.readings)) == len(collector.readings)
    assert await agent.stop() == 0


async def test_what_another_program_changed_is_noticed_also_on_a_full_disk(tmp_path):
    with mounted(tmp_path / "disk", options="size=1m") as disk:
        path, filler = disk / "outbox.db", disk / "something-else"
        async with open_outbox(path, max_bytes=50_000_000, spill_after=60) as outbox:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("INSERT INTO state VALUES ('something', 'else')")
                fill(filler)
                with contextlib.suppress(sqlite3.OperationalError):
                    for number in range(100):  # the last block of the log has room for some
                        other.execute("INSERT INTO state VALUES (?, 'else')", [str(number)])
            assert await outbox.noticed_change()
            assert not await outbox.noticed_change()


async def test_the_status_is_kept_up_to_date_on_a_full_disk(tmp_path, status_of):
    with mounted(tmp_path / "disk", options="size=1m") as disk:
        path = disk / "status.json"
        write_status(path, status_of(outbox=str(disk / "outbox.db"), written_at=10.0**9))
        fill(disk / "something-else")
        write_status(path, status_of(outbox=str(disk / "outbox.db"), written_at=5.0))
        assert read_status(disk / "outbox.db").written_at == 5.0


async def test_on_a_read_only_disk_the_agent_waits_and_the_broker_keeps_what_comes(
    on_small_disk, collector, mosquitto, publisher_of, until
):
    agent, disk = on_small_disk, on_small_disk.folder
    await agent.start()  # the broker knows its session from now on
    await until(lambda: read_status(agent.outbox), what="a status")
    assert await agent.stop() == 0
    remount(disk, "ro")

    starting = asyncio.create_task(agent.start())
    await until(lambda: "not collecting" in agent.log.read_text(), what="it waits")
    assert any("takes no writes: it is read-only" in one for one in problems(agent))
    async with publisher_of(mosquitto.port) as panel:
        send(panel, 0, 2_000)
        remount(disk, "rw")
        await starting
        await until(lambda: len(collector.readings) == 2_000, what="all of it")
    assert len(set(collector.readings)) == 2_000
    assert not any("read-only" in one for one in problems(agent))
    assert await agent.stop() == 0


async def test_an_agent_is_stopped_while_it_waits_for_its_disk(on_small_disk, until):
    agent = on_small_disk
    remount(agent.folder, "ro")
    starting = asyncio.create_task(agent.start())
    await until(lambda: "not collecting" in agent.log.read_text(), what="it waits")
    starting.cancel()
    assert await agent.stop() == 0
