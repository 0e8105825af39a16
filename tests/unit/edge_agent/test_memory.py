"""What is freed goes back, and cycles are found though Python seldom looks for them."""

import asyncio
import gc
import platform
import subprocess
import sys
import weakref

import pytest

from edge_agent import memory

FRAGMENTED = """
from pathlib import Path
from edge_agent import memory

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

memory.keep_little()
pieces = [bytes(100_000) for _ in range(600)]
pieces[::2] = [b""] * 300  # what is left lies between what was freed
before = resident_bytes()
memory.settle()
print(before - resident_bytes())
"""


class Cycle:
    def __init__(self):
        self.self = self


@pytest.fixture
def seldom():
    """The garbage collector as an agent sets it."""
    before = gc.get_threshold()
    memory.seldom_look_for_cycles()
    yield
    gc.set_threshold(*before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do not keep it")
def test_what_was_freed_between_what_is_kept_goes_back_to_the_system():
    done = subprocess.run(
        [sys.executable, "-c", FRAGMENTED], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) > 20e6


async def test_cycles_are_found_within_a_turn(seldom):
    gone = asyncio.Event()
    one = Cycle()
    weakref.finalize(one, gone.set)
    del one
    work = asyncio.create_task(memory.give_back(young_seconds=0.001))
    async with asyncio.timeout(20):
        await gone.wait()
    work.cancel()
