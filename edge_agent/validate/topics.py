"""Which topic carries what."""

import re
from enum import Enum
from typing import Final

from edge_agent.errors import ConfigError

_REMEMBERED: Final = 10_000
_LEVEL: Final = "[^/]+"


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
        ConfigError: A topic has a wildcard where none is allowed.
    """

    def __init__(self, *, readings: str, weather: str, meter: str) -> None:
        template = readings.replace("{panel_id}", "+", 1)
        for key, topic in (("readings", template.replace("+", "", 1)), ("weather", weather),
                           ("meter", meter)):  # fmt: skip
            if re.search(r"[+#{}\0]", topic):
                raise ConfigError(
                    f"mqtt.{key}_topic is {readings if key == 'readings' else topic!r}; allowed is "
                    "a topic without wildcards, with one {panel_id} for the readings"
                )
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
