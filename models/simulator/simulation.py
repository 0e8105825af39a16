"""A site's panels at any time: the one door for publishing, training, tests and benchmarks.

Everything depends on the site and the time alone, so any window gives the same values, whenever
and in whatever pieces it is computed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.clouds import DayType
from models.simulator.delivery import REPEAT_MS, Delivery
from models.simulator.faults import Fault
from models.simulator.labels import Label, labels_of
from models.simulator.meter import Meter
from models.simulator.module import Module
from models.simulator.panels import Panels
from models.simulator.sensors import Sensors
from models.simulator.site import Site, Traits
from models.simulator.weather import Weather, pieces
from shared.readings import Readings, concatenate

Array = NDArray[np.float64]

_POINTS: Final = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Telemetry:
    """Readings as they are sent, in the order of sending; arrays of shape ``(n,)``."""

    readings: Readings
    """All of them, repeated ones too."""
    sent_us: NDArray[np.int64]
    """When each leaves, microseconds since 1970."""
    repeat: NDArray[np.bool_]
    """Whether the same reading was sent before."""

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Telemetry":
        """Return some of them, by mask or index."""
        return Telemetry(self.readings.take(rows), self.sent_us[rows], self.repeat[rows])


@dataclass(frozen=True, slots=True, eq=False)
class WeatherSeries:
    """What the site's weather station says; arrays of shape ``(n,)``."""

    time_s: Array
    """Seconds since 1970."""
    irradiance_w_m2: Array
    """On the plane of the modules."""
    ambient_celsius: Array
    """Air temperature."""
    wind_m_s: Array
    """Wind."""


class Simulation:
    """A site, its sky and its faults."""

    def __init__(
        self,
        site: Site,
        *,
        faults: Sequence[Fault] = (),
        sky: DayType | None = None,
        module: Module | None = None,
    ) -> None:
        """Set the scene.

        Args:
            site: Where and how many.
            faults: What is wrong, and when.
            sky: Makes every day of one type; None draws each day's.
            module: Share one between simulations to build its tables once.

        Raises:
            ValueError: A fault's name or panel is unknown.
        """
        self.site = site
        self.labels = labels_of(faults, site=site)
        self._traits = Traits.of(site)
        self._weather = Weather(site, sky=sky)
        self._panels = Panels(
            self._weather, traits=self._traits, module=module or Module(), labels=self.labels
        )
        self._sensors = Sensors(traits=self._traits, labels=self.labels)
        self._delivery = Delivery(traits=self._traits, labels=self.labels)
        self._frozen: dict[Label, NDArray[np.int32]] = {}

    @cached_property
    def meter(self) -> Meter:
        """The site's meter; its photovoltaic power is the panels' true power."""
        return Meter(self.site, power=self.true_watts)

    def panels(self, start: datetime, *, seconds: float, interval: float = 1.0) -> Readings:
        """Return the readings taken in ``[start, start + seconds)``, in the order of sending."""
        parts = [
            part.readings for part in self.telemetry(start, seconds=seconds, interval=interval)
        ]
        return concatenate(parts) if parts else _nothing(self.site)

    def telemetry(
        self, start: datetime, *, seconds: float, interval: float = 1.0
    ) -> Iterator[Telemetry]:
        """Yield the readings taken in ``[start, start + seconds)``, in blocks.

        Args:
            start: UTC.
            seconds: How long.
            interval: Seconds between readings; they are taken at whole multiples of it since 1970.

        Yields:
            Blocks one after the other in time, each sorted by time of sending. Readings that a
            fault delays may be sent after the next block's first.
        """
        grid = time_grid(start, seconds=seconds, interval=interval)
        size = max(1, _POINTS // self.site.panels)
        for day, part in pieces(self.site, time_s=grid):
            times = grid[part]
            for low in range(0, len(times), size):
                yield self._block(day, time_s=times[low : low + size], interval=interval)

    def true_watts(self, time_s: Array) -> Array:
        """Return the power of each panel, shape ``(panels, times)``, at increasing times."""
        blocks = [
            state.volts * state.amperes
            for day, part in pieces(self.site, time_s=time_s)
            for state in [self._panels.state(day, time_s=time_s[part])]
        ]
        return np.concatenate(blocks, axis=1) if blocks else np.empty((self.site.panels, 0))

    def weather(self, start: datetime, *, seconds: float, interval: float) -> WeatherSeries:
        """Return the weather in ``[start, start + seconds)``, at multiples of ``interval``."""
        grid = time_grid(start, seconds=seconds, interval=interval)
        values = np.empty((3, len(grid)))
        for number, part in pieces(self.site, time_s=grid):
            day = self._weather.day(number)
            for row, series in enumerate((day.plane_w_m2, day.ambient_c, day.wind_m_s)):
                values[row, part] = day.at(series, time_s=grid[part])
        return WeatherSeries(grid, *values)

    def label_codes(self, readings: Readings) -> NDArray[np.int16]:
        """Return for each reading the code of the fault that holds, shape ``(n,)``; 0 is healthy.

        Where several hold, the one listed last counts.
        """
        codes = np.zeros(len(readings), np.int16)
        numbers = {panel_id: number for number, panel_id in enumerate(readings.panel_ids)}
        for label in self.labels:
            mine = readings.panel == numbers.get(label.panel_id, -1)
            begun = readings.time_us >= label.start_s * 1e6
            codes[mine & begun & (readings.time_us < label.end_s * 1e6)] = label.code
        return codes

    def _block(self, day: int, *, time_s: Array, interval: float) -> Telemetry:
        state = self._panels.state(day, time_s=time_s)
        values = self._sensors.measure(state, frozen=self._frozen_before(time_s[-1]))
        table = self._delivery.timetable(time_s, interval_s=interval)
        kept, again = np.nonzero(table.kept), np.nonzero(table.kept & table.repeated)
        panel, moment = (np.concatenate(pair) for pair in zip(kept, again, strict=True))
        repeat = np.arange(len(panel)) >= len(kept[0])
        sent_us = (table.sent_ms[panel, moment] + REPEAT_MS * repeat) * 1000
        celsius, volts, amperes, watts = values[:, panel, moment]
        readings = Readings(
            panel_ids=self.site.panel_ids,
            panel=panel.astype(np.int32),
            time_us=table.stamp_ms[panel, moment] * 1000,
            temperature_mc=celsius,
            voltage_mv=volts,
            current_ma=amperes,
            power_mw=watts,
            quality=np.zeros(len(panel), np.int16),
        )
        order = np.argsort(sent_us, kind="stable")
        return Telemetry(readings.take(order), sent_us[order], repeat[order])

    def _frozen_before(self, time_s: float) -> dict[Label, NDArray[np.int32]]:
        """Return what each sensor that is stuck by then froze at."""
        for label in self._sensors.faulty:
            stuck = label.name.startswith("stuck_") and label.start_s <= time_s
            if stuck and label not in self._frozen:
                moment = np.array([np.floor(label.start_s)])
                day = self.site.day_of(float(moment[0]))
                state = self._panels.state(day, time_s=moment)
                self._frozen[label] = self._sensors.measure(state, frozen={})[:, label.panel, 0]
        return self._frozen


def time_grid(start: datetime, *, seconds: float, interval: float) -> Array:
    """Return the multiples of ``interval`` seconds in ``[start, start + seconds)``, since 1970."""
    begin = round(start.timestamp(), 3)
    first, last = (int(np.ceil(round(t / interval, 6))) for t in (begin, begin + seconds))
    return np.round(np.arange(first, last) * float(interval), 3)


def _nothing(site: Site) -> Readings:
    whole = np.empty(0, np.int32)
    return Readings(
        panel_ids=site.panel_ids,
        panel=whole,
        time_us=np.empty(0, np.int64),
        temperature_mc=whole,
        voltage_mv=whole,
        current_ma=whole,
        power_mw=whole,
        quality=np.empty(0, np.int16),
    )
