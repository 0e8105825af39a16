"""The confusion matrix of simulated faults: what they were, and what they were told to be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from models.evaluate.simulated import RIGHT_NAMES, Event

_MISSED: Final = "not found"


def draw(events: Sequence[Event], *, path: Path) -> None:
    """Write a PNG: a row for each class of fault, a column for each name it was given.

    Args:
        events: What became of each fault.
        path: Where to.
    """
    told = {event.called or _MISSED for event in events}
    right = [name for names in RIGHT_NAMES.values() for name in sorted(names)]
    columns = [name for name in dict.fromkeys(right) if name in told]
    columns += sorted(told - set(columns))
    rows = list(RIGHT_NAMES)
    counts = np.zeros((len(rows), len(columns)), np.int64)
    for event in events:
        counts[rows.index(event.fault), columns.index(event.called or _MISSED)] += 1
    figure = Figure(figsize=(9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(counts, cmap="Blues", aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("told to be")
    axes.set_ylabel("simulated fault")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = count > counts.max() / 2
            axes.text(column, row, str(count), ha="center", va="center", color="w" if dark else "k")
    axes.set_title(f"{len(events)} faults at simulated sites the model never saw")
    # Without the version of the program that drew it, the same counts give the same bytes.
    figure.savefig(path, dpi=90, metadata={"Software": None})
