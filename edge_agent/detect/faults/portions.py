"""Fitting a baseline some panels at a time: a gateway has no memory for a thousand at once.

The siblings' medians of a large group are as well known from a sample of it.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import Baseline
from shared.fitting import fit_baseline
from shared.history import History
from shared.sky import Sky

MOST_PANELS: Final = 64
"""Panels fitted at once; a larger group is divided evenly."""


def portions(group: NDArray[np.int32]) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of the panels to be looked at together, each panel once.

    Args:
        group: Panels of one number are siblings, shape ``(panels,)``; small groups stay whole.
    """
    waiting: list[NDArray[np.intp]] = []
    for number in np.unique(group).tolist():
        members = np.flatnonzero(group == number)
        count = -(-len(members) // MOST_PANELS)
        for part in (members[start::count] for start in range(count)):
            if sum(map(len, waiting)) + len(part) > MOST_PANELS:
                yield np.sort(np.concatenate(waiting))
                waiting = []
            waiting.append(part)
    if waiting:
        yield np.sort(np.concatenate(waiting))


def fit_in_portions(
    history: History, *, panel_ids: tuple[str, ...], group: NDArray[np.int32], sky: Sky
) -> Baseline:
    """Learn what is usual, as `fit_baseline` does, in memory that does not grow with the site."""
    whole = Baseline.cold(panel_ids)
    for at in portions(group):
        some = fit_baseline(
            history.of_panels(at),
            panel_ids=tuple(panel_ids[number] for number in at.tolist()),
            group=group[at],
            sky=sky,
        )
        rows = np.zeros(len(panel_ids), np.bool_)
        rows[at] = True
        whole = whole.with_panels_of(some.arranged(panel_ids), rows=rows)
    return whole
