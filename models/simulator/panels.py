"""What the panels truly do at each moment: light, heat, electricity, and faults in these."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.faults import Where
from models.simulator.labels import Label
from models.simulator.module import Module
from models.simulator.site import DAY_S, Traits
from models.simulator.weather import Weather

Array = NDArray[np.float64]

_YEAR_S: Final = 365.25 * DAY_S
_HOTSPOT_LAG_S: Final = 600.0
_HOTSPOT_LOSS: Final = 0.25
_SHADE_EDGE_S: Final = 60.0
_CONNECTOR_RAMP_S: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The truth; arrays of shape ``(panels, times)``."""

    time_s: Array
    """Seconds since 1970, shape ``(times,)``."""
    celsius: Array
    """Cell temperature."""
    volts: Array
    """DC voltage."""
    amperes: Array
    """DC current."""


class Panels:
    """All panels of a site."""

    def __init__(
        self, weather: Weather, *, traits: Traits, module: Module, labels: Iterable[Label]
    ) -> None:
        """Take what they stand in, what they are, and what is wrong with them."""
        self._weather = weather
        self._traits = traits
        self._module = module
        self._light = [label for label in labels if label.where is Where.LIGHT]
        self._electric = sorted(
            (label for label in labels if label.where is Where.MODULE),
            key=lambda label: label.name in ("connector", "clipping"),
        )

    def state(self, day: int, *, time_s: Array) -> State:
        """Return the truth at increasing times within one solar day."""
        weather, traits = self._weather.day(day), self._traits
        seen = time_s - traits.delay_s
        light = weather.at(weather.effective_w_m2, time_s=seen) * traits.irradiance_gain
        celsius = weather.at(weather.warming_c, time_s=seen) * traits.irradiance_gain
        for label in self._light:
            span = span_of(label, time_s=time_s)
            if span.start < span.stop:
                share = 1 - self._lost(label, time_s=time_s[span])
                light[label.panel, span] *= share
                if label.name == "snow":
                    celsius[label.panel, span] *= share
        celsius += weather.at(weather.ambient_c, time_s=time_s) + traits.temperature_offset_c
        for label in self._electric:
            if label.name == "hotspot":
                celsius[label.panel] += _hotspot(label, time_s=time_s)
        volts, amperes = self._module.healthy(light, celsius=celsius)
        for label in self._electric:
            row, span = label.panel, span_of(label, time_s=time_s)
            if span.start == span.stop:
                continue
            volts[row, span], amperes[row, span] = self._electricity(
                label,
                time_s=time_s[span],
                light=light[row, span],
                celsius=celsius[row, span],
                power=(volts[row, span], amperes[row, span]),
            )
        return State(time_s, celsius, volts, amperes)

    def _lost(self, label: Label, *, time_s: Array) -> Array | float:
        """Return the share of light a fault takes."""
        if label.name == "degradation":
            return np.minimum(label.magnitude * (time_s - label.start_s) / _YEAR_S, 0.5)
        if label.name == "soiling":
            return np.minimum(label.magnitude * self._dry_days(label, time_s=time_s), 0.5)
        return label.magnitude

    def _dry_days(self, label: Label, *, time_s: Array) -> Array:
        """Return the days since the fault began or since it last rained; a month at most."""
        site, clouds = self._weather.site, self._weather.clouds
        last = site.day_of(float(time_s[-1]))
        rains = [clouds.rain_s(day) for day in range(last - 30, last + 1)]
        since = np.full_like(time_s, label.start_s)
        for rain in rains:
            if rain is not None:
                since = np.where(time_s >= rain, np.maximum(since, rain), since)
        return np.minimum((time_s - since) / DAY_S, 30.0)

    def _electricity(
        self,
        label: Label,
        *,
        time_s: Array,
        light: Array,
        celsius: Array,
        power: tuple[Array, Array],
    ) -> tuple[Array, Array]:
        """Return volts and amperes of one panel under one fault, given those without it."""
        module = self._module
        volts, amperes = power
        match label.name:
            case "bypass_short":
                volts, amperes = module.shorted(light, celsius=celsius)
            case "pid":
                volts, amperes = module.degraded(light, celsius=celsius)
            case "open":
                volts, amperes = module.open_volts(light, celsius=celsius), np.zeros_like(light)
            case "clipping":
                volts, amperes = self._clip(label, light=light, celsius=celsius, power=power)
            case "connector":
                grown = np.minimum((time_s - label.start_s) / _CONNECTOR_RAMP_S, 1.0)
                volts = np.maximum(volts - label.magnitude * grown * amperes, 0.0)
            case "mppt_stuck":
                limit = module.open_volts(light, celsius=celsius)
                volts = np.minimum(label.magnitude * module.rated_volts, limit)
                amperes = module.amperes_at(volts, irradiance=light, celsius=celsius)
            case "shade" | "hotspot":
                loss = _substring_loss(label, time_s=time_s)
                volts, amperes = module.shaded(light, celsius=celsius, loss=loss)
        return volts, amperes

    def _clip(
        self, label: Label, *, light: Array, celsius: Array, power: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        volts, amperes = power[0].copy(), power[1].copy()
        over = volts * amperes > label.magnitude
        if over.any():
            volts[over], amperes[over] = self._module.clipped(
                light[over], celsius=celsius[over], watts=label.magnitude
            )
        return volts, amperes


def span_of(label: Label, *, time_s: Array) -> slice:
    """Return where in increasing times a fault holds."""
    low, high = np.searchsorted(time_s, (label.start_s, label.end_s), side="left").tolist()
    return slice(low, high)


def _substring_loss(label: Label, *, time_s: Array) -> Array:
    if label.name == "hotspot":
        return np.full_like(time_s, _HOTSPOT_LOSS)
    inside = np.minimum(time_s - label.start_s, label.end_s - time_s) / _SHADE_EDGE_S
    return label.magnitude * np.clip(inside, 0.0, 1.0)


def _hotspot(label: Label, *, time_s: Array) -> Array:
    """Return the degrees a hot spot adds: it warms up within minutes, and cools down after it."""
    warm = -np.expm1(-np.clip(time_s - label.start_s, 0.0, None) / _HOTSPOT_LAG_S)
    cool = -np.expm1(-np.clip(time_s - label.end_s, 0.0, None) / _HOTSPOT_LAG_S)
    return np.asarray(label.magnitude * (warm - cool))
