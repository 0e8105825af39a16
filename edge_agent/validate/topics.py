"""Which topic carries what."""

import re
from enum import Enum
from typing import Final

from edge_agent.errors import ConfigError

_REMEMBERED: Final = 10_000
_LEVEL: Final = "[^/]+"
_PANEL_LEVELS: Final = {"{panel_id}", "+"}
_WILD: Final = re.compile(r"[+#{}\0]")


class Kind(Enum):
    """What a message is about; the value is the name of its table."""

    READINGS = "readings"
    WEATHER = "weather"
    METER = "meter"


class Topics:
    """Tells what a topic carries, and which panel it names.

    Args:
        readings: With ``{panel_id}`` (or ``+``) where the panel stands; no other wildcard.
        weather: The weather station's topic; empty means none.
        meter: The meter's topic; empty means none.

    Raises:
        ConfigError: A topic has a wildcard where none is allowed, or is given for two kinds.
    """

    def __init__(self, *, readings: str, weather: str, meter: str) -> None:
        _check(readings=readings, weather=weather, meter=meter)
        template = readings.replace("{panel_id}", "+", 1)
        self._site = {weather: Kind.WEATHER, meter: Kind.METER}
        self._pattern = re.compile(re.escape(template).replace(r"\+", f"({_LEVEL})"))
        self._seen: dict[str, tuple[Kind, str | None]] = {}
        self.filters: Final = tuple(topic for topic in (template, weather, meter) if topic)
        """What to subscribe to."""

    def kind_of(self, topic: str) -> tuple[Kind, str | None]:
        """Return what a topic carries, and the panel it names if it names one."""
        known = self._seen.get(topic)
        if known is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            match = self._pattern.fullmatch(topic)
            panel = match[1] if match and match.re.groups else None
            known = (self._site.get(topic, Kind.READINGS), panel)
            self._seen[topic] = known
        return known


def _check(*, readings: str, weather: str, meter: str) -> None:
    levels = readings.split("/")
    named = [level for level in levels if level in _PANEL_LEVELS]
    others = [level for level in levels if level not in _PANEL_LEVELS]
    if not readings or len(named) > 1 or any(map(_WILD.search, others)):
        raise ConfigError(
            f"mqtt.readings_topic is {readings!r}; allowed is a topic of which one level "
            "may be {panel_id}, as in sensors/{panel_id}/readings, without other wildcards"
        )
    for key, topic in (("weather", weather), ("meter", meter)):
        if _WILD.search(topic):
            raise ConfigError(
                f"mqtt.{key}_topic is {topic!r}; allowed is a topic without wildcards"
            )
        if topic == readings:
            raise ConfigError(f"mqtt.{key}_topic and mqtt.readings_topic are both {topic!r}; "
                              "allowed are different ones")  # fmt: skip
    if weather and weather == meter:
        raise ConfigError(f"mqtt.weather_topic and mqtt.meter_topic are both {meter!r}; "
                          "allowed are different ones, or none")  # fmt: skip
