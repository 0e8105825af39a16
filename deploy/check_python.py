"""Say what is missing before `make` makes the virtual environment; runs on any Python 3."""

import importlib.util
import sys


def missing() -> str:
    """Return what to install, or nothing when this Python can make a virtual environment."""
    running = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info < (3, 11):
        return (
            f"Heliograph needs Python 3.11 or newer, python3 is {running}.\n"
            "Debian 12, Ubuntu 24.04 and newer have one: apt-get install python3 python3-venv\n"
            "Or name another: make PYTHON=/path/to/python3.11"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return (
            f"Python {running} here cannot make virtual environments: it has no ensurepip.\n"
            "Debian and Ubuntu: apt-get install python3-venv"
        )
    return ""


if __name__ == "__main__":
    sys.exit(missing() or 0)
