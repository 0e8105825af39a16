"""What is known about the panels: settings first, what they tell themselves second."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta, field

from edge_agent.errors import ConfigError
from shared.limits import DEFAULT_LIMITS, Limits, Range, Ranges
from shared.tables import Table, Text

MAX_PANELS: Final = 100_000
"""Panels remembered; bounds what made-up ids can cost."""

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class RangeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some of the four inclusive ranges, in public units; those left out stay as they were."""

    temperature_celsius: Range | None = None
    """Lowest and highest module temperature in degrees Celsius."""
    voltage_volts: Range | None = None
    """Lowest and highest DC voltage in volts."""
    current_amperes: Range | None = None
    """Lowest and highest DC current in amperes."""
    power_output_watts: Range | None = None
    """Lowest and highest power in watts."""

    def __post_init__(self) -> None:
        """Refuse a range of which the first value is the higher."""
        self.over(DEFAULT_LIMITS.possible)

    def over(self, base: Ranges) -> Ranges:
        """Return ``base`` with what is set here in its place."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return msgspec.structs.replace(base, **given)


class PanelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said about one panel, about all of a model, or about all panels."""

    model: str | None = None
    """The manufacturer's name of the module."""
    rated_watts: Annotated[float, Meta(gt=0)] | None = None
    """Power at standard test conditions, in watts."""
    group: str | None = None
    """Panels of the same orientation and model; siblings are compared within it."""
    latitude: Latitude | None = None
    """Degrees north."""
    longitude: Longitude | None = None
    """Degrees east."""
    possible: RangeSettings = field(default_factory=RangeSettings)
    """Ranges outside of which a reading goes to the quarantine."""
    nominal: RangeSettings = field(default_factory=RangeSettings)
    """Ranges outside of which a reading is stored with a quality flag."""


class PanelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[panels]`: defaults, `[panels.models."NAME"]` and `[panels."PANEL-ID"]` over them."""

    defaults: PanelEntry = field(default_factory=PanelEntry)
    """The keys directly in `[panels]`."""
    models: dict[str, PanelEntry] = field(default_factory=dict)
    """What holds for all panels of a model."""
    panels: dict[str, PanelEntry] = field(default_factory=dict)
    """What holds for one panel."""

    def entries(self, panel_id: str) -> list[PanelEntry]:
        """Return what applies to a panel, the most specific last."""
        own = self.panels.get(panel_id)
        model = (own and own.model) or self.defaults.model
        found = [self.defaults, self.models.get(model or ""), own]
        return [entry for entry in found if entry is not None]


def check_ranges(settings: PanelSettings) -> None:
    """Check that what is nominal is possible, wherever both are set.

    A range that is not set follows the default, which may well be the wider one: what is not
    possible does not come so far as to be compared with it.

    Raises:
        ConfigError: Some nominal values would go to the quarantine.
    """
    _check_ranges([settings.defaults], at="panels")
    for name, entry in settings.models.items():
        _check_ranges([settings.defaults, entry], at=f"panels.models.{name}")
    for panel_id in settings.panels:
        _check_ranges(settings.entries(panel_id), at=f"panels.{panel_id}")


def _check_ranges(entries: Sequence[PanelEntry], *, at: str) -> None:
    """Check what holds where the entries do, the most specific last."""
    possible = _given([entry.possible for entry in entries])
    nominal = _given([entry.nominal for entry in entries])
    for name in possible.keys() & nominal.keys():
        (low, high), (lower, upper) = nominal[name], possible[name]
        if low < lower or high > upper:
            raise ConfigError(
                f"{at}.nominal.{name} is {low:g} to {high:g}; allowed is what lies within "
                f"possible.{name}, {lower:g} to {upper:g}"
            )


def _given(ranges: Sequence[RangeSettings]) -> dict[str, Range]:
    """Return the ranges that somebody set, the last one of each quantity."""
    items = [item for one in ranges for item in msgspec.structs.asdict(one).items()]
    return {name: value for name, value in items if value}


class Panel(msgspec.Struct, frozen=True):
    """Everything known about one panel."""

    model: str
    """The module's name; empty when not known."""
    group: str
    """The siblings' group; empty when not known."""
    rated_watts: float
    """Watts at standard test conditions; NaN when not known."""
    latitude: float
    """Degrees north; NaN when not known."""
    longitude: float
    """Degrees east; NaN when not known."""

    def is_as(self, other: "Panel | None") -> bool:
        """Tell whether both say the same; NaN is equal to NaN here."""
        return other is not None and repr(self) == repr(other)


class PanelBook:
    """Knows each panel's limits and metadata, and what of it was not yet sent in this stream."""

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings
        self._limits: dict[str, Limits] = {}
        self._distinct: dict[Limits, Limits] = {DEFAULT_LIMITS: DEFAULT_LIMITS}
        self._told: dict[str, tuple[float, float]] = {}
        self._sent: dict[str, Panel] = {}

    def limits_of(self, panel_id: str) -> Limits:
        """Return a panel's limits; panels with equal limits share one object."""
        limits = self._limits.get(panel_id)
        if limits is None:
            entries = self._settings.entries(panel_id)
            possible, nominal = DEFAULT_LIMITS.possible, DEFAULT_LIMITS.nominal
            for entry in entries:
                possible, nominal = entry.possible.over(possible), entry.nominal.over(nominal)
            limits = Limits(possible, nominal)
            limits = self._distinct.setdefault(limits, limits)
            if len(self._limits) < MAX_PANELS:
                self._limits[panel_id] = limits
        return limits

    def group_of(self, panel_id: str) -> str:
        """Return the group a panel's siblings share; empty when none is set."""
        return next((e.group for e in reversed(self._settings.entries(panel_id)) if e.group), "")

    def changes(
        self, panel_ids: Sequence[str], *, locations: Mapping[str, tuple[float, float]]
    ) -> Table | None:
        """Return the metadata of panels seen first, or with something new; None without any.

        Args:
            panel_ids: The panels that occur in a flush.
            locations: Latitude and longitude in degrees, of those that told.
        """
        changed: dict[str, Panel] = {}
        for panel_id in panel_ids:
            if panel_id in self._sent and panel_id not in locations:
                continue
            if panel_id in locations and len(self._told) < MAX_PANELS:
                self._told[panel_id] = locations[panel_id]
            panel = self.panel(panel_id)
            if not panel.is_as(self._sent.get(panel_id)):
                changed[panel_id] = panel
        if len(self._sent) + len(changed) > MAX_PANELS:
            self._sent.clear()
        self._sent |= changed
        return _table(changed) if changed else None

    def panel(self, panel_id: str) -> Panel:
        """Return everything known about a panel; settings win over what it told."""
        merged: dict[str, str | float] = {"model": "", "group": "", "rated_watts": np.nan}
        latitude, longitude = self._told.get(panel_id, (np.nan, np.nan))
        merged |= {"latitude": latitude, "longitude": longitude}
        for entry in self._settings.entries(panel_id):
            said = {name: getattr(entry, name) for name in merged}
            merged |= {name: value for name, value in said.items() if value is not None}
        return msgspec.convert(merged, Panel)


def _table(panels: Mapping[str, Panel]) -> Table:
    rows = panels.values()
    return {
        "panel": Text.of(panels),
        "model": Text.of(panel.model for panel in rows),
        "group": Text.of(panel.group for panel in rows),
        "rated_watts": np.array([panel.rated_watts for panel in rows], np.float64),
        "latitude": np.array([panel.latitude for panel in rows], np.float64),
        "longitude": np.array([panel.longitude for panel in rows], np.float64),
    }
