"""The kernel's clocks, read at the door."""

import ctypes
import time
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x40
_TRIES: Final = 3


class _Timex(ctypes.Structure):
    """The beginning of the kernel's ``struct timex``, and room for all of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


class Kernel:
    """What `edge_agent.clock` asks the kernel."""

    def boot(self) -> bytes:
        """Return the id of this boot of the computer, 16 bytes; if it has none, a new one."""
        try:
            return UUID(_BOOT_ID.read_text("ascii").strip()).bytes
        except (OSError, ValueError):
            return uuid4().bytes

    def since_boot_us(self) -> int:
        """Return microseconds since boot, suspended ones too; nothing but time changes them."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

    def offset_us(self) -> int:
        """Return the wall clock minus the time since boot; only setting the clock changes it."""
        return min(_measured() for _ in range(_TRIES))[1] // 1000

    def synchronised(self) -> bool:
        """Tell whether something keeps the clock synchronised, as far as the kernel knows.

        In containers, and where nothing but a person sets the clock, it never is.
        """
        timex = _Timex()
        try:
            state = int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex)))
        except (OSError, AttributeError):
            return False
        return 0 <= state < _TIME_ERROR and not timex.status & _STA_UNSYNC


def _measured() -> tuple[int, int]:
    """Return how long a measurement took and the offset it found, both in nanoseconds."""
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    wall = time.time_ns()
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return after - before, wall - (before + after) // 2
