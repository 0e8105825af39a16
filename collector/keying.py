"""Panel ids become database keys; what is of a panel without a key is refused, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, repeat

import numpy as np
from numpy.typing import NDArray

from collector.batch import PanelFacts, Rows, WindowRows
from collector.checks.checked import Checked
from collector.checks.windows import CheckedWindows
from collector.receipts import Rejection
from collector.registry import UNREGISTERED, Registry
from shared.alerts import Episode
from shared.readings import COLUMNS, Readings
from shared.tables import picked


@dataclass(frozen=True, slots=True)
class Keyed:
    """What `collector.batch.Part` needs of a checked segment under keys."""

    rows: Rows | None
    windows: WindowRows | None
    panels: list[PanelFacts]
    episodes: list[tuple[Episode, int | None]]


async def key(checked: Checked, *, registry: Registry, site_key: int) -> Keyed:
    """Put database keys in the place of panel ids; panels seen first are registered.

    Args:
        checked: Its list of rejections gets those of panels for which the site has no room.
        registry: Knows the keys.
        site_key: The site.

    Raises:
        DatabaseError: Panels have to be looked up, and the database does not answer.
    """
    told = [one.panel for one in checked.panels]
    concerned = [one.panel for _, one in checked.episodes if one.panel is not None]
    wanted = dict.fromkeys(
        [*told, *concerned, *_reporting(checked.readings), *_windowed(checked.windows)]
    )
    found = await registry.keys(site_key, panels=wanted)
    keys = dict(zip(wanted, found.tolist(), strict=True))
    full = f"the site has {registry.max_panels} panels already, which is all it may have"
    return Keyed(
        rows=_rows(checked, keys=keys, full=full),
        windows=_windows(checked, keys=keys, full=full),
        panels=_panels(checked, keys=keys, full=full),
        episodes=_episodes(checked, keys=keys, full=full),
    )


def _reporting(readings: Readings | None) -> Iterable[str]:
    """Return the panels that have readings: one all of whose were rejected is not registered."""
    if readings is None:
        return ()
    present = np.bincount(readings.panel, minlength=len(readings.panel_ids)) > 0
    return compress(readings.panel_ids, present.tolist())


def _rows(checked: Checked, *, keys: dict[str, int], full: str) -> Rows | None:
    readings, origin = checked.readings, checked.origin
    if readings is None:
        return None
    panel_key = _lookup(readings.panel_ids, keys=keys)[readings.panel]
    without = panel_key == UNREGISTERED
    if without.any():
        refused = np.flatnonzero(without)
        panels = readings.panel[refused].tolist()
        places = refused if origin is None else origin[refused]
        checked.rejected.extend(
            Rejection(at, f"panel_id {readings.panel_ids[panel]} is new, and {full}")
            for at, panel in zip(places.tolist(), panels, strict=True)
        )
        readings, panel_key = readings.take(~without), panel_key[~without]
    if not len(readings):
        return None
    return Rows(panel_key, *(getattr(readings, name) for name in COLUMNS[1:]))


def _windowed(windows: CheckedWindows | None) -> list[str]:
    """Return the panels that have windows."""
    if windows is None:
        return []
    panel = windows.panel
    return [panel.values[at] for at in np.unique(panel.index[windows.places]).tolist()]


def _windows(checked: Checked, *, keys: dict[str, int], full: str) -> WindowRows | None:
    windows = checked.windows
    if windows is None:
        return None
    panel, places = windows.panel, windows.places
    panel_key = _lookup(panel.values, keys=keys)[panel.index[places]]
    with_key = panel_key != UNREGISTERED
    for at in places[~with_key].tolist():
        reason = f"panel {panel.values[panel.index[at]]} is new, and {full}"
        checked.rejected.append(Rejection(at, reason, "windows"))
    if not with_key.any():
        return None
    return WindowRows(panel_key[with_key], picked(windows.table, rows=places[with_key]))


def _lookup(panels: Sequence[str], *, keys: dict[str, int]) -> NDArray[np.int32]:
    """Return the key of each panel, in order; that of one that is not wanted does not matter."""
    return np.fromiter(map(keys.get, panels, repeat(UNREGISTERED)), np.int32, len(panels))


def _panels(checked: Checked, *, keys: dict[str, int], full: str) -> list[PanelFacts]:
    facts = []
    for one in checked.panels:
        if keys[one.panel] == UNREGISTERED:
            reason = f"panel {one.panel} is new, and {full}"
            checked.rejected.append(Rejection(one.index, reason, "panels"))
            continue
        facts.append(
            PanelFacts(
                panel_key=keys[one.panel],
                model=one.model,
                panel_group=one.panel_group,
                rated_watts=one.rated_watts,
                latitude=one.latitude,
                longitude=one.longitude,
            )
        )
    return facts


def _episodes(
    checked: Checked, *, keys: dict[str, int], full: str
) -> list[tuple[Episode, int | None]]:
    episodes: list[tuple[Episode, int | None]] = []
    for at, one in checked.episodes:
        panel_key = None if one.panel is None else keys[one.panel]
        if panel_key == UNREGISTERED:
            reason = f"panel {one.panel} is new, and {full}"
            checked.rejected.append(Rejection(at, reason, "alerts"))
            continue
        episodes.append((one, panel_key))
    return episodes
