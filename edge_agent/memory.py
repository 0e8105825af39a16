"""What is free is to be free for others too: a gateway has little memory.

Python: it looks for cycles less often than usual, because thousands of waiting messages are none;
but each request that was sent is one, of some kilobytes, so that time decides instead.

The C library: glibc keeps what was freed, for each thread apart, and the more the larger the pieces
were: what a minute's window or a model's loading needed for milliseconds would stay resident for
ever. Other C libraries have no such settings, and are left as they are.
"""

import asyncio
import contextlib
import ctypes
import gc
from typing import Final, NoReturn

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 131_072
YOUNG_SECONDS: Final = 1.0
"""How often to look for cycles among what is new."""

_ALL_AFTER: Final = 10


def keep_little() -> None:
    """Have all threads share one heap, and large pieces go back at once when they are freed.

    To be called before there are threads.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def seldom_look_for_cycles() -> None:
    """Let Python not look for cycles whenever so many objects were made.

    Measured by `tests/benchmarks/agent_throughput.py`: up to a third of the processor time.
    """
    gc.set_threshold(100_000, 50, 100)


def settle() -> None:
    """Take what there is now for what stays, which is not to be looked through again."""
    gc.collect()
    gc.freeze()
    _give_back()


async def give_back(*, young_seconds: float = YOUNG_SECONDS) -> NoReturn:
    """Find cycles and return free memory, for ever.

    Args:
        young_seconds: How often to look through what is new; each tenth time it is all.
    """
    while True:
        for _ in range(_ALL_AFTER):
            await asyncio.sleep(young_seconds)
            gc.collect(1)
        gc.collect()
        _give_back()


def _give_back() -> None:
    """Return free pages from within the heap, which takes about a millisecond."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
