"""Labels: which fault holds on which panel, when and how badly: the ground truth."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from models.simulator.faults import ALL_PANELS, KINDS, Fault, Where
from models.simulator.randomness import generator
from models.simulator.site import Site


@dataclass(frozen=True, slots=True)
class Label:
    """A fault of one panel as ground truth; also what the stages work with."""

    code: int
    """As in `KINDS`."""
    name: str
    """As in `KINDS`."""
    panel: int
    """The panel's number, from 0."""
    panel_id: str
    """The panel's id."""
    start: datetime
    """UTC."""
    end: datetime | None
    """UTC, exclusive; None when it lasts."""
    magnitude: float
    """In the unit of its kind."""

    @property
    def where(self) -> Where:
        """The stage at which it acts."""
        return KINDS[self.name].where

    @property
    def start_s(self) -> float:
        """Seconds since 1970."""
        return self.start.timestamp()

    @property
    def end_s(self) -> float:
        """Seconds since 1970, or infinity."""
        return math.inf if self.end is None else self.end.timestamp()


def labels_of(faults: Sequence[Fault], *, site: Site) -> tuple[Label, ...]:
    """Return one label for each fault and panel, with magnitudes drawn.

    Raises:
        ValueError: A fault's name or panel is unknown; the text lists what there is.
    """
    return tuple(label for fault in faults for label in _spread(fault, site=site))


def _spread(fault: Fault, *, site: Site) -> Iterator[Label]:
    if fault.name not in KINDS:
        raise ValueError(f"fault is {fault.name!r}, known are {', '.join(KINDS)}")
    ids = site.panel_ids
    wanted = {fault.panel, site.panel_prefix + fault.panel}
    if wanted.isdisjoint((*ids, ALL_PANELS)):
        raise ValueError(f"panel is {fault.panel!r}, known are {ids[0]} to {ids[-1]} and *")
    kind = KINDS[fault.name]
    for number, panel_id in enumerate(ids):
        if wanted.isdisjoint((panel_id, ALL_PANELS)):
            continue
        start = fault.start.astimezone(UTC)
        draw = generator(site.seed, site.name, panel_id, fault.name)
        drawn = float(draw.uniform(kind.low, kind.high))
        yield Label(
            code=kind.code,
            name=fault.name,
            panel=number,
            panel_id=panel_id,
            start=start,
            end=None if fault.end is None else fault.end.astimezone(UTC),
            magnitude=drawn if fault.magnitude is None else fault.magnitude,
        )
