"""Readings, weather and meter values as the JSON messages panels publish."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.simulator.meter import MeterSeries
from models.simulator.simulation import Simulation, Telemetry, WeatherSeries
from shared.readings import Readings

WEATHER_TOPIC: Final = "site/weather"
METER_TOPIC: Final = "site/meter"


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message."""

    topic: str
    """``sensors/{panel_id}/readings``, ``site/weather`` or ``site/meter``."""
    payload: bytes
    """A JSON object, or an array of them."""
    due_us: int
    """When it leaves, microseconds since 1970."""
    panel_id: str | None = None
    """The panel, when it carries readings."""
    values: int = 1
    """How many readings (or weather or meter values) it carries."""
    repeats: int = 0
    """How many of them were sent before."""
    first_us: int = 0
    """The earliest reading's time, microseconds since 1970."""
    last_us: int = 0
    """The latest reading's time, microseconds since 1970."""
    lines: tuple[str, ...] = ()
    """The same for a person, when wanted."""


def topic_of(panel_id: str) -> str:
    """Return where a panel publishes."""
    return f"sensors/{panel_id}/readings"


def encode(
    readings: Readings, *, locations: Mapping[str, tuple[float, float]] | None = None
) -> list[str]:
    """Return each reading as a JSON object.

    Args:
        readings: Complete ones; none of their values may be missing.
        locations: Latitude and longitude of panels that tell theirs.
    """
    places = locations or {}
    heads = [f'{{"panel_id":{_json(panel)},"timestamp":"' for panel in readings.panel_ids]
    tails = [
        f',"location":{_json(places[panel])}}}' if panel in places else "}"
        for panel in readings.panel_ids
    ]
    rows = zip(
        readings.panel.tolist(),
        stamps(readings.time_us),
        (readings.temperature_mc / 1000).tolist(),
        (readings.voltage_mv / 1000).tolist(),
        (readings.current_ma / 1000).tolist(),
        (readings.power_mw / 1000).tolist(),
        strict=True,
    )
    return [
        f'{heads[panel]}{stamp}","temperature_celsius":{celsius},"voltage_volts":{volts},'
        f'"current_amperes":{amperes},"power_output_watts":{watts}{tails[panel]}'
        for panel, stamp, celsius, volts, amperes, watts in rows
    ]


def stamps(time_us: NDArray[np.int64]) -> list[str]:
    """Return times as RFC 3339 with milliseconds and Z."""
    texts: list[str] = np.datetime_as_string(
        (time_us // 1000).astype("datetime64[ms]"), timezone="UTC"
    ).tolist()
    return texts


def payloads(
    simulation: Simulation, *, start: datetime, seconds: float, interval: float = 1.0
) -> Iterator[tuple[str, bytes]]:
    """Yield topic and payload of every reading in ``[start, start + seconds)``: for benchmarks."""
    locations = dict(zip(simulation.site.panel_ids, simulation.site.locations(), strict=True))
    for block in simulation.telemetry(start, seconds=seconds, interval=interval):
        readings = block.readings
        topics = [topic_of(panel_id) for panel_id in readings.panel_ids]
        texts = encode(readings, locations=locations)
        for panel, text in zip(readings.panel.tolist(), texts, strict=True):
            yield topics[panel], text.encode()


def single_messages(
    block: Telemetry, *, locations: Mapping[str, tuple[float, float]], lines: Sequence[str | None]
) -> Iterator[Message]:
    """Yield one message for each reading; ``lines`` is one a reading, or empty."""
    readings = block.readings
    topics = [topic_of(panel_id) for panel_id in readings.panel_ids]
    rows = zip(
        readings.panel.tolist(),
        readings.time_us.tolist(),
        block.sent_us.tolist(),
        block.repeat.tolist(),
        encode(readings, locations=locations),
        lines or (None,) * len(readings),
        strict=True,
    )
    for panel, time_us, sent_us, repeat, text, line in rows:
        yield Message(
            topics[panel],
            text.encode(),
            sent_us,
            panel_id=readings.panel_ids[panel],
            repeats=int(repeat),
            first_us=time_us,
            last_us=time_us,
            lines=() if line is None else (line,),
        )


def array_messages(
    block: Telemetry,
    *,
    locations: Mapping[str, tuple[float, float]],
    lines: list[str],
    size: int,
) -> Iterator[Message]:
    """Yield arrays of up to ``size`` readings, each of one panel, due with their last reading."""
    readings = block.readings
    texts = encode(readings, locations=locations)
    for number, panel_id in enumerate(readings.panel_ids):
        rows = np.flatnonzero(readings.panel == number)
        for low in range(0, len(rows), size):
            part = rows[low : low + size]
            yield Message(
                topic_of(panel_id),
                _array(texts[row] for row in part.tolist()),
                int(block.sent_us[part].max()),
                panel_id=panel_id,
                values=len(part),
                repeats=int(block.repeat[part].sum()),
                first_us=int(readings.time_us[part].min()),
                last_us=int(readings.time_us[part].max()),
                lines=tuple(lines[row] for row in part.tolist()) if lines else (),
            )


def weather_messages(series: WeatherSeries, *, size: int) -> Iterator[Message]:
    """Yield the weather, ``size`` values a message; 1 is an object, more are an array."""
    names = ("irradiance_w_m2", "ambient_celsius", "wind_m_s")
    columns = {name: getattr(series, name) for name in names}
    return _site_messages(WEATHER_TOPIC, time_s=series.time_s, columns=columns, size=size)


def meter_messages(series: MeterSeries, *, size: int) -> Iterator[Message]:
    """Yield the meter's values, ``size`` a message; 1 is an object, more are an array."""
    names = ("load_watts", "grid_watts", "battery_watts", "battery_soc")
    columns = {name: getattr(series, name) for name in names}
    return _site_messages(METER_TOPIC, time_s=series.time_s, columns=columns, size=size)


def _site_messages(
    topic: str,
    *,
    time_s: NDArray[np.float64],
    columns: Mapping[str, NDArray[np.float64]],
    size: int,
) -> Iterator[Message]:
    time_us = np.rint(time_s * 1e6).astype(np.int64)
    rows = zip(
        stamps(time_us), *(column.round(3).tolist() for column in columns.values()), strict=True
    )
    texts = [_json(dict(zip(("timestamp", *columns), row, strict=True))) for row in rows]
    for low in range(0, len(texts), size):
        part = slice(low, low + size)
        payload = texts[low].encode() if size == 1 else _array(texts[part])
        first, last = int(time_us[part][0]), int(time_us[part][-1])
        count = len(texts[part])
        yield Message(topic, payload, last, values=count, first_us=first, last_us=last)


def _array(texts: Iterable[str]) -> bytes:
    return f"[{','.join(texts)}]".encode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
