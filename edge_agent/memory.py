"""The C library's memory: a gateway has little, and what is free is to be free for others too.

glibc keeps what was freed, for each thread apart, and the more the larger the pieces were: what a
minute's window or a model's loading needed for milliseconds would stay resident for ever. Other C
libraries have no such settings, and are left as they are.
"""

import asyncio
import contextlib
import ctypes
from typing import Final, NoReturn

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 131_072
_EVERY_SECONDS: Final = 60.0


def keep_little() -> None:
    """Have all threads share one heap, and large pieces go back at once when they are freed.

    To be called before there are threads.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Return free pages from within the heap, which takes about a millisecond."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


async def give_back_often() -> NoReturn:
    """Return free pages, for ever."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        give_back()
