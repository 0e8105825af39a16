"""The refusals that many places give."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from collector.errors import ProblemError

_FEW: Final = 10
"""So many ids are all named."""


def bad_request(detail: str, *, title: str = "bad request") -> ProblemError:
    """Return the error for a request that cannot be understood."""
    return ProblemError(detail, status=400, title=title)


def not_found(
    kind: str, *, wanted: str, known: Iterable[str], count: int | None = None
) -> ProblemError:
    """Return the error for something that is not there, naming all there are or the nearest.

    Args:
        kind: What it would be, as in ``panel``.
        wanted: Its id as asked for.
        known: The ids that are there.
        count: How many are there; None when each has an id of its own and all are in `known`.
    """
    ids = sorted(set(known))
    nearest = get_close_matches(wanted, ids, n=5, cutoff=0.5)
    if ids and len(ids) <= _FEW:
        shown = f"known are {', '.join(ids)}"
    elif nearest:
        shown = f"nearest are {', '.join(nearest)}"
    else:
        shown = f"{len(ids) if count is None else count} are known"
    return ProblemError(
        f"no {kind} is called {wanted!r}; {shown}",
        status=404,
        title=f"unknown {kind}",
        extra={"nearest": nearest},
    )
