"""`python tests/programs/install.py`: bring what tests need, or say what is missing."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from programs import browser, faketime, mosquitto, node, systemd  # noqa: E402 - the path comes first
from programs.installing import MissingProgramError  # noqa: E402 - as above
from timescale import wasm  # noqa: E402 - as above

PROGRAMS = {
    "Mosquitto": mosquitto.executable,
    "Mosquitto's clients": lambda: mosquitto.client("mosquitto_sub"),
    "Chromium": browser.chromium,
    "libfaketime": faketime.library,
    "Node.js": node.node_bin,
    "systemd-analyze": systemd.analyze,
    "TimescaleDB (WebAssembly)": wasm.install_timescale,
}


def main() -> int:
    """Return 0 when all are there."""
    missing = 0
    for name, install in PROGRAMS.items():
        try:
            place = install()
        except MissingProgramError as error:
            print(f"{name} is missing: {error}", file=sys.stderr)
            missing += 1
        else:
            print(f"{name}: {place}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
