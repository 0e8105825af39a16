"""How well what was told agrees with labels: by row, by event, and how often it cried wolf."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.backtest import Told
from shared.alerts import to_micros

_DAY_US: Final = 86_400_000_000


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What detection is worth, on the rows after the days learned from."""

    rows: int
    """Rows judged."""
    precision: float | None
    """Share of the rows inside of episodes that are labelled; None without any."""
    recall: float | None
    """Share of the labelled rows inside of episodes; None without any."""
    f1: float | None
    """Harmonic mean of both."""
    events: int
    """Runs of labelled rows of one panel."""
    events_found: int
    """Those during which something was told of the panel."""
    event_recall: float | None
    """Share of them."""
    median_delay_seconds: float | None
    """From an event's first row until it was told."""
    false_alarms: int
    """Episodes without a labelled row of their panel in them."""
    panel_days: float
    """Panels times days judged."""
    false_alarms_per_panel_day: float | None
    """What that comes to."""


def alarmed_rows(
    told: Sequence[Told],
    *,
    panel_ids: Sequence[str],
    panel: NDArray[np.int32],
    time_us: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which rows lie in an episode of their panel, and in which, -1 in none."""
    inside = np.full(len(panel), -1, np.intp)
    number = {panel_id: at for at, panel_id in enumerate(panel_ids)}
    for at, each in enumerate(told):
        low, high = _span_us(each)
        rows = panel == number.get(each.episode.panel or "", -1)
        inside[rows & (time_us >= low) & (time_us <= high)] = at
    return inside >= 0, inside


def metrics(
    told: Sequence[Told],
    *,
    panel_ids: Sequence[str],
    panel: NDArray[np.int32],
    time_us: NDArray[np.int64],
    fault: NDArray[np.bool_],
) -> Metrics:
    """Compare what was told of panels with the labels of the rows judged."""
    told = [each for each in told if each.episode.panel is not None]
    alarmed, _ = alarmed_rows(told, panel_ids=panel_ids, panel=panel, time_us=time_us)
    both = int((alarmed & fault).sum())
    precision = both / int(alarmed.sum()) if alarmed.any() else None
    recall = both / int(fault.sum()) if fault.any() else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else None
    events = _events(panel, time_us=time_us, fault=fault)
    delays = [
        delay
        for number, low, high in events
        if (delay := _delay_us(told, panel_id=panel_ids[number], low=low, high=high)) is not None
    ]
    false = [
        each
        for each in told
        if each.told_us >= int(time_us.min())
        and not any(_touches(each, event=event, panel_ids=panel_ids) for event in events)
    ]
    days = len(set(panel.tolist())) * (int(time_us.max()) - int(time_us.min())) / _DAY_US
    return Metrics(
        rows=len(panel),
        precision=precision,
        recall=recall,
        f1=f1 if f1 is not None or not fault.any() else 0.0,
        events=len(events),
        events_found=len(delays),
        event_recall=len(delays) / len(events) if events else None,
        median_delay_seconds=float(np.median(delays)) / 1e6 if delays else None,
        false_alarms=len(false),
        panel_days=days,
        false_alarms_per_panel_day=len(false) / days if days else None,
    )


def _events(
    panel: NDArray[np.int32], *, time_us: NDArray[np.int64], fault: NDArray[np.bool_]
) -> list[tuple[int, int, int]]:
    """Return each run of labelled rows: the panel's number, its first and its last time."""
    order = np.lexsort((time_us, panel))
    mine, labelled, when = panel[order], fault[order], time_us[order]
    before = np.append(False, labelled[:-1] & (mine[1:] == mine[:-1]))
    after = np.append(labelled[1:] & (mine[1:] == mine[:-1]), False)
    first, last = np.flatnonzero(labelled & ~before), np.flatnonzero(labelled & ~after)
    return list(zip(mine[first].tolist(), when[first].tolist(), when[last].tolist(), strict=True))


def _delay_us(told: Sequence[Told], *, panel_id: str, low: int, high: int) -> int | None:
    """Return how long it took until an event was told; None if it was not."""
    delays = [
        max(each.told_us - low, 0)
        for each in told
        if each.episode.panel == panel_id and _span_us(each)[0] <= high and _span_us(each)[1] >= low
    ]
    return min(delays, default=None)


def _touches(each: Told, *, event: tuple[int, int, int], panel_ids: Sequence[str]) -> bool:
    number, low, high = event
    begin, end = _span_us(each)
    return each.episode.panel == panel_ids[number] and begin <= high and end >= low


def _span_us(each: Told) -> tuple[int, int]:
    episode = each.episode
    return to_micros(episode.raised_at), to_micros(episode.cleared_at or episode.last_seen_at)
