"""What a benchmark measures: a figure beside the limit that was measured in the same run."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table that `make bench` prints."""

    name: str
    """What was measured, with its unit."""
    value: float
    """The measured value."""
    limit: float
    """What it is compared with: the bare library's rate in the same run, or the promise."""
    limit_name: str
    """What the limit is."""
    reach: float | None = None
    """The ratio value / limit to reach; None where the figure is only printed."""
    at_most: bool = False
    """Whether the ratio may not be above ``reach``, instead of not below."""

    @property
    def ratio(self) -> float:
        """Return value / limit."""
        return self.value / self.limit

    @property
    def reached(self) -> bool:
        """Tell whether the ratio is where it should be."""
        if self.reach is None:
            return True
        return bool(self.ratio <= self.reach if self.at_most else self.ratio >= self.reach)


def report(*figures: Figure) -> None:
    """Print figures for a person, and hand them to `make bench` when it asks for them."""
    for figure in figures:
        print(
            f"{figure.name}: {figure.value:,.4g} "
            f"({figure.ratio:.2f} of {figure.limit:,.4g}, {figure.limit_name})"
        )
    if target := os.environ.get("BENCHMARK_RESULTS"):
        with Path(target).open("a") as results:
            for figure in figures:
                row = asdict(figure) | {"ratio": figure.ratio, "reached": figure.reached}
                results.write(json.dumps(row) + "\n")
