"""Say what is missing before `make` makes the virtual environment; runs on any Python 3."""

import importlib.util
import sys


def missing() -> str:
    """Return what to install, or nothing when this Python can make a virtual environment."""
    running = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info < (3, 11):
        return (
            "Heliograph needs Python 3.11 or newer, python3 is {}.\n"
            "Install one (Debian 12 and newer, Ubuntu 24.04 and newer: apt-get install python3 python3-venv)\n"
            "or name one: make PYTHON=/path/to/python3.11".format(running)
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return (
            "Python {} here cannot make virtual environments: the module ensurepip is missing.\n"
            "Debian and Ubuntu: apt-get install python3-venv".format(running)
        )
    return ""


if __name__ == "__main__":
    sys.exit(missing() or 0)
