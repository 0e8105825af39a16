"""Running a program under the filter of system calls that a systemd unit asks for.

As a program, given a unit and a command, this becomes the command under the filter:
systemd would do this as process 1, which it is not where tests run.
"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

_LIBRARY = "libseccomp.so.2"
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ALWAYS = "@default"
_TIME = "@clock"


def command(unit: Path, *, around: list[str]) -> list[str]:
    """Return the command that runs another under a unit's filter; it needs `systemd-analyze`."""
    return [sys.executable, __file__, str(unit), *around]


def _groups() -> dict[str, set[str]]:
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    groups: dict[str, set[str]] = {}
    name = ""
    for line in listed.splitlines():
        if line.startswith("@"):
            name = line.split()[0]
        elif line.startswith("    ") and not line.strip().startswith("#"):
            groups.setdefault(name, set()).add(line.strip())
    return groups


def _calls(names: list[str], groups: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    for name in names:
        found |= _calls(sorted(groups[name]), groups) if name.startswith("@") else {name}
    return found


def _load(otherwise: int, *, calls: set[str], action: int) -> None:
    library = ctypes.CDLL(_LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(otherwise)))
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        library.seccomp_rule_add(rules, ctypes.c_uint32(action), number, 0)
    assert library.seccomp_load(rules) == 0


def _confine(unit: Path) -> None:
    groups, refused = _groups(), _KILL
    allowed = _calls([_ALWAYS], groups)
    lines = unit.read_text().splitlines()
    for key, _, value in (line.partition("=") for line in lines):
        if key == "SystemCallFilter":
            named = _calls(value.lstrip("~").split(), groups)
            allowed = allowed - named if value.startswith("~") else allowed | named
        elif key == "SystemCallErrorNumber":
            refused = _ERRNO | getattr(errno, value)
    if "ProtectClock=yes" in lines:
        _load(_ALLOW, calls=_calls([_TIME], groups), action=_ERRNO | errno.EPERM)
    _load(refused, calls=allowed, action=_ALLOW)


if __name__ == "__main__":
    _confine(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
