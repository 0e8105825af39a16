"""Tests with a short form, in `make test`, and a long one, in `make soak`."""

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

SOAK: Final = os.environ.get("HELIOGRAPH_SOAK") == "1"
"""Whether this run is `make soak`."""


def rounds(short: int, *, soak: int) -> int:
    """Return how often a test repeats itself in this run."""
    return soak if SOAK else short


@dataclass(frozen=True)
class Proof:
    """What a test has tried, and what was lost by it."""

    what: str
    """What was done to the system."""
    cases: int
    """How often."""
    readings: int
    """Readings that were at stake."""
    lost: int
    """How many of them were lost without a word."""
    doubled: int
    """How many were there twice."""
    note: str
    """What else there is to say."""


def summary(proofs: Sequence[Proof]) -> list[str]:
    """Return the lines of a table of proofs, and a sum."""
    row = "{:<48} {:>8} {:>12} {:>6} {:>8}  {}".format
    total = Proof(
        "all",
        sum(each.cases for each in proofs),
        sum(each.readings for each in proofs),
        sum(each.lost for each in proofs),
        sum(each.doubled for each in proofs),
        "",
    )
    return [
        row("what was done", "cases", "readings", "lost", "doubled", "").rstrip(),
        *(row(*map(_shown, astuple(each))).rstrip() for each in [*proofs, total]),
    ]


def _shown(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value
