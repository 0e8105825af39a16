"""Messages about the whole site: the weather station's and the meter's."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edge_agent.entries import Faults
from edge_agent.intake import Message
from shared.documents import Documents
from shared.errors import InvalidReadingError
from shared.messages import epoch_seconds, timely, untimely
from shared.readings import to_thousandths
from shared.tables import MISSING_I8, Table

Time = Annotated[datetime, Meta(tz=True)] | float | None
Watts = Annotated[float, Meta(ge=-1e9, le=1e9)]


class WeatherMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the weather station publishes; a missing or null value was not measured."""

    timestamp: Time = None
    """As in a reading; absent means on arrival."""
    irradiance_w_m2: Annotated[float, Meta(ge=-50, le=2_000)] | None = None
    """In the plane of the panels, watts per square metre."""
    ambient_celsius: Annotated[float, Meta(ge=-80, le=80)] | None = None
    """Air temperature in degrees Celsius."""
    wind_m_s: Annotated[float, Meta(ge=0, le=120)] | None = None
    """Wind speed in metres per second."""


class MeterMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the meter publishes; a missing or null value was not measured."""

    timestamp: Time = None
    """As in a reading; absent means on arrival."""
    load_watts: Watts | None = None
    """What the site uses, positive."""
    grid_watts: Watts | None = None
    """Positive when importing from the grid."""
    battery_watts: Watts | None = None
    """Positive when charging."""
    battery_soc: Annotated[float, Meta(ge=0, le=1)] | None = None
    """State of charge, 0 to 1."""


_Site = TypeVar("_Site", WeatherMessage, MeterMessage)
_weather: Final = Documents(WeatherMessage)
_meter: Final = Documents(MeterMessage)


def weather_table(
    messages: Sequence[Message], *, rows: Sequence[int], faults: Faults, now: datetime | None
) -> Table | None:
    """Return the table of those messages at ``rows`` that are good; None without any."""
    good = _decoded(messages, rows=rows, faults=faults, now=now, documents=_weather)
    if not good:
        return None
    return {
        "time_us": np.array([time_us for time_us, _ in good], np.int64),
        "irradiance_mw_m2": to_thousandths(_floats([m.irradiance_w_m2 for _, m in good])),
        "ambient_mc": to_thousandths(_floats([m.ambient_celsius for _, m in good])),
        "wind_mm_s": to_thousandths(_floats([m.wind_m_s for _, m in good])),
    }


def meter_table(
    messages: Sequence[Message], *, rows: Sequence[int], faults: Faults, now: datetime | None
) -> Table | None:
    """Return the table of those messages at ``rows`` that are good; None without any."""
    good = _decoded(messages, rows=rows, faults=faults, now=now, documents=_meter)
    if not good:
        return None
    return {
        "time_us": np.array([time_us for time_us, _ in good], np.int64),
        "load_mw": _milliwatts([m.load_watts for _, m in good]),
        "grid_mw": _milliwatts([m.grid_watts for _, m in good]),
        "battery_mw": _milliwatts([m.battery_watts for _, m in good]),
        "battery_soc_thousandths": to_thousandths(_floats([m.battery_soc for _, m in good])),
    }


def _decoded(
    messages: Sequence[Message],
    *,
    rows: Sequence[int],
    faults: Faults,
    now: datetime | None,
    documents: Documents[_Site],
) -> list[tuple[int, _Site]]:
    good = []
    for at in rows:
        arrival = messages[at].received_at
        for message in documents.parse_payload(messages[at].payload):
            if isinstance(message, InvalidReadingError):
                faults.add(at, reason=str(message), tier="malformed")
                continue
            second = epoch_seconds(message.timestamp, arrival=arrival)
            if reason := _untimely(second, arrival=arrival, now=now) or _empty(message):
                faults.add(at, reason=reason, tier="malformed")
            else:
                good.append((round(second * 1e6), message))
    return good


def _untimely(second: float, *, arrival: float, now: datetime | None) -> str | None:
    possible = timely(np.array([second]), arrivals=np.array([arrival]), now=now)
    return None if possible.all() else untimely(second, now=now)


def _empty(message: WeatherMessage | MeterMessage) -> str | None:
    names = message.__struct_fields__[1:]
    if any(getattr(message, name) is not None for name in names):
        return None
    return f"no value is given, expected is at least one of {', '.join(names)}"


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _milliwatts(values: Sequence[float | None]) -> NDArray[Any]:
    return np.array(
        [MISSING_I8 if value is None else round(value * 1000) for value in values], np.int64
    )
