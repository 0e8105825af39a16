"""Tests with a short form, in `make test`, and a long one, in `make soak`."""

import os
from typing import Final

SOAK: Final = os.environ.get("HELIOGRAPH_SOAK") == "1"
"""Whether this run is `make soak`."""


def rounds(short: int, *, soak: int) -> int:
    """Return how often a test repeats itself in this run."""
    return soak if SOAK else short
