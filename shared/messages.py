"""The door: JSON reading objects, as panels publish them, become columns or reasons.

The same door serves MQTT payloads at the edge and JSON posted to the collector.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.documents import Documents
from shared.errors import InvalidReadingError
from shared.quality import Quality
from shared.readings import Readings, to_thousandths

MAX_FUTURE: Final = timedelta(minutes=5)
"""How far ahead of the receiver's clock a reading may be stamped."""
MAX_PAST: Final = timedelta(days=5 * 366)
"""How old a reading may be; an unset clock says 1970 or 2000."""
EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""With a receiver whose own clock is not to be trusted, a reading is from here on"""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""up to here, or dated by that clock."""
NEAR_SECONDS: Final = 30.0
"""A stamp so near to the receiver's clock was taken from it."""

PANEL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""A panel id; it is part of topics and URLs."""

_MILLISECONDS_FROM: Final = 1e11  # as seconds, the year 5138; as milliseconds, 1973
_QUOTED: Final = 80


class ReadingMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One reading as published; field names are those of the JSON object."""

    temperature_celsius: float
    """Module temperature in degrees Celsius."""
    voltage_volts: float
    """DC voltage in volts."""
    current_amperes: float
    """DC current in amperes, positive when the panel produces."""
    power_output_watts: float
    """Output power in watts, positive when the panel produces."""
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)] | float | None = None
    """RFC 3339 with a zone, epoch seconds, or epoch milliseconds; absent means on arrival."""
    panel_id: str | None = None
    """Which panel; absent means as in the topic."""
    location: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""


class Decoded(msgspec.Struct, frozen=True):
    """What one batch of messages held."""

    readings: Readings
    """The well-formed ones, in the order of arrival, not yet checked against limits."""
    origin: NDArray[np.intp]
    """For each reading, the position of its message in the batch."""
    malformed: dict[int, str]
    """Position in the batch to the reason it is not a reading."""
    locations: dict[str, tuple[float, float]]
    """The latest location, in degrees, of each panel that told one."""


_documents: Final = Documents(ReadingMessage)
parse: Final = _documents.parse
parse_payload: Final = _documents.parse_payload


def to_readings(
    messages: Sequence[ReadingMessage | InvalidReadingError],
    *,
    topic_panels: Sequence[str | None],
    arrivals: Sequence[float],
    now: datetime | None,
) -> Decoded:
    """Turn decoded messages into columns, and tell why those that are left out are.

    Args:
        messages: What `parse_payload` returned, flattened.
        topic_panels: For each message, the panel its topic names, if any.
        arrivals: For each message, epoch seconds at which it was received.
        now: The receiver's time, UTC; times far from it are malformed. None if its clock is not
            to be trusted: then as `timely` says.

    Returns:
        Readings, their origin, the malformed ones, and locations told.
    """
    malformed = {at: str(m) for at, m in enumerate(messages) if isinstance(m, InvalidReadingError)}
    rows = [(at, m) for at, m in enumerate(messages) if isinstance(m, ReadingMessage)]
    ids = [message.panel_id or topic_panels[at] for at, message in rows]
    seconds = np.array(
        [epoch_seconds(message.timestamp, arrival=arrivals[at]) for at, message in rows],
        np.float64,
    )
    quantities = np.array(
        [
            (m.temperature_celsius, m.voltage_volts, m.current_amperes, m.power_output_watts)
            for _, m in rows
        ],
        np.float64,
    ).reshape(-1, 4)
    checked: dict[str | None, str | None] = {id_: _bad_panel_id(id_) for id_ in set(ids)}
    good = np.array([checked[id_] is None for id_ in ids], np.bool_)
    good &= timely(seconds, arrivals=np.array([arrivals[at] for at, _ in rows]), now=now)
    good &= (np.abs(quantities) < np.iinfo(np.int32).max / 1000).all(axis=1)
    good &= np.array([_is_place(message.location) for _, message in rows], np.bool_)
    for row in np.flatnonzero(~good).tolist():
        at, message = rows[row]
        malformed[at] = checked[ids[row]] or _bad_value(message, second=seconds[row], now=now)
    kept = np.flatnonzero(good)
    return Decoded(
        readings=_columns(
            [str(ids[row]) for row in kept.tolist()],
            seconds=seconds[kept],
            quantities=quantities[kept],
            untimed=np.array([rows[row][1].timestamp is None for row in kept.tolist()], np.bool_),
        ),
        origin=np.array([at for at, _ in rows], np.intp)[kept],
        malformed=dict(sorted(malformed.items())),
        locations={
            str(ids[row]): location
            for row in kept.tolist()
            if (location := rows[row][1].location) is not None
        },
    )


def _columns(
    ids: list[str],
    *,
    seconds: NDArray[np.float64],
    quantities: NDArray[np.float64],
    untimed: NDArray[np.bool_],
) -> Readings:
    position: dict[str, int] = {}
    panel = np.array([position.setdefault(id_, len(position)) for id_ in ids], np.int32)
    temperature, voltage, current, power = (to_thousandths(column) for column in quantities.T)
    return Readings(
        panel_ids=tuple(position),
        panel=panel,
        time_us=np.rint(seconds * 1e6).astype(np.int64),
        temperature_mc=temperature,
        voltage_mv=voltage,
        current_ma=current,
        power_mw=power,
        quality=np.where(untimed, Quality.ARRIVAL_TIME, 0).astype(np.int16),
    )


def timely(
    seconds: NDArray[np.float64], *, arrivals: NDArray[np.float64], now: datetime | None
) -> NDArray[np.bool_]:
    """Tell which times are possible.

    Args:
        seconds: Epoch seconds, shape ``(n,)``.
        arrivals: The receiver's time when each came, shape ``(n,)``.
        now: The receiver's time, UTC. None if its clock is not to be trusted: a stamp that is
            right must not be refused because that clock is wrong, so all of `EARLIEST` to
            `LATEST` is possible, and whatever the receiver's clock itself dated.
    """
    if now is not None:
        return (seconds >= (now - MAX_PAST).timestamp()) & (
            seconds <= (now + MAX_FUTURE).timestamp()
        )
    sane = (seconds >= EARLIEST.timestamp()) & (seconds < LATEST.timestamp())
    return sane | (np.abs(seconds - arrivals) <= NEAR_SECONDS)


def untimely(second: float, *, now: datetime | None) -> str:
    """Return what is wrong with a time that is not `timely`."""
    try:
        stamp = datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return f"timestamp is {second:g} s since 1970, which is no date"
    if now is None:
        return f"timestamp is {stamp}, allowed is {EARLIEST.year} to {LATEST.year - 1}"
    if second > now.timestamp():
        return f"timestamp is {stamp}, more than {MAX_FUTURE.seconds // 60} minutes in the future"
    return f"timestamp is {stamp}, more than {MAX_PAST.days // 366} years ago"


def epoch_seconds(timestamp: datetime | float | None, *, arrival: float) -> float:
    """Return a message's time in epoch seconds; ``arrival`` where it has none."""
    if timestamp is None:
        return arrival
    if isinstance(timestamp, datetime):
        return timestamp.timestamp()
    return timestamp / 1000.0 if abs(timestamp) >= _MILLISECONDS_FROM else timestamp


def _bad_panel_id(panel_id: str | None) -> str | None:
    if panel_id is None:
        return "panel_id is missing from the message and from the topic"
    if PANEL_ID.fullmatch(panel_id):
        return None
    return (
        f"panel_id is {panel_id[:_QUOTED]!r}, allowed are 1 to 64 letters, digits and . _ : - "
        "beginning with a letter or digit"
    )


def _is_place(location: tuple[float, float] | None) -> bool:
    return location is None or (abs(location[0]) <= 90 and abs(location[1]) <= 180)  # noqa: PLR2004 - degrees


def _bad_value(message: ReadingMessage, *, second: float, now: datetime | None) -> str:
    for name in ("temperature_celsius", "voltage_volts", "current_amperes", "power_output_watts"):
        if not abs(value := getattr(message, name)) < np.iinfo(np.int32).max / 1000:
            return f"{name} is {value:g}, allowed are finite numbers within +-2147483"
    if not _is_place(message.location):
        return f"location is {message.location}, allowed are latitude +-90 and longitude +-180"
    return untimely(second, now=now)
