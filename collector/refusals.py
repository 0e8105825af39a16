"""The refusals that many places give."""

from collections.abc import Iterable
from difflib import get_close_matches

from collector.errors import ProblemError


def bad_request(detail: str, *, title: str = "bad request") -> ProblemError:
    """Return the error for a request that cannot be understood."""
    return ProblemError(detail, status=400, title=title)


def not_found(kind: str, *, wanted: str, known: Iterable[str]) -> ProblemError:
    """Return the error for something that is not there, naming what comes nearest.

    Args:
        kind: What it would be, as in ``panel``.
        wanted: Its id as asked for.
        known: The ids that are there.
    """
    ids = sorted(set(known))
    nearest = get_close_matches(wanted, ids, n=5, cutoff=0.5)
    shown = f"nearest are {', '.join(nearest)}" if nearest else f"{len(ids)} are known"
    return ProblemError(
        f"no {kind} is called {wanted!r}; {shown}",
        status=404,
        title=f"unknown {kind}",
        extra={"nearest": nearest},
    )
