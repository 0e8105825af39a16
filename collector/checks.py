"""What the collector checks itself: nothing impossible and nothing from the future gets in.

Checks are vectorised; only rows that fail are looked at one by one, for the reason they are told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.errors import BadBodyError
from collector.receipts import Rejection
from shared.alerts import Episode, alerts_of
from shared.errors import InvalidSegmentError
from shared.limits import DEFAULT_LIMITS, impossible, suspicious
from shared.messages import MAX_FUTURE, MAX_PAST, PANEL_ID, parse_payload, to_readings
from shared.readings import MISSING, QUANTITIES, Readings
from shared.segments import Segment, Table, Text, decode, readings_of, unpack

MAX_BODY_ROWS: Final = 2_000_000
"""Rows of all segments of a body; bounds what a body can grow to when decoded."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME: Final = 128
_NUL: Final = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sender says about a panel; None is "not said"."""

    panel: str
    model: str | None = None
    panel_group: str | None = None
    rated_watts: float | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a segment, or of a request of JSON, and why the rest is not."""

    readings: Readings | None = None
    rejected: list[Rejection] = field(default_factory=list)
    weather: Table | None = None
    meter: Table | None = None
    panels: list[Facts] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    health: tuple[datetime, dict[str, Any]] | None = None


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    readings: msgspec.Raw


_decode_body: Final = msgspec.json.Decoder(_Body).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def decode_body(body: bytes) -> list[Segment | InvalidSegmentError]:
    """Split and decode a binary body; a segment that cannot be decoded stands as its error.

    Raises:
        BadBodyError: The body as a whole is damaged, or grows too large.
    """
    try:
        parts = unpack(body)
    except InvalidSegmentError as error:
        raise BadBodyError(str(error)) from error
    segments: list[Segment | InvalidSegmentError] = []
    rows = 0
    for part in parts:
        try:
            segment = decode(part)
        except InvalidSegmentError as error:
            segments.append(error)
            continue
        rows += sum(segment.rows(table) for table in segment.tables)
        if rows > MAX_BODY_ROWS:
            raise BadBodyError(f"body has over {MAX_BODY_ROWS} rows: send fewer segments at once")
        segments.append(segment)
    return segments


def check_segment(segment: Segment, *, now: datetime) -> Checked:
    """Check what a segment carries.

    Raises:
        InvalidSegmentError: Its alerts or health reports are not what they should be.
    """
    rejected: list[Rejection] = []
    readings = readings_of(segment)
    if readings is not None:
        readings = _possible(readings, now=now, rejected=rejected)
    series = {
        name: _in_time(segment.tables.get(name), name=name, now=now, rejected=rejected)
        for name in ("weather", "meter")
    }
    try:
        episodes = [_sound(episode) for episode in alerts_of(segment)]
        health = _newest_report(segment.tables.get("health"), now=now)
    except (msgspec.MsgspecError, OverflowError, RecursionError, ValueError) as error:
        raise InvalidSegmentError(f"alerts or health: {error}") from error
    return Checked(
        readings=readings,
        rejected=rejected,
        weather=series["weather"],
        meter=series["meter"],
        panels=_facts(segment.tables.get("panels"), rejected=rejected),
        episodes=episodes,
        health=health,
    )


def check_json(body: bytes, *, now: datetime) -> Checked:
    """Decode and check ``{"readings": [...]}``; each element stands alone.

    Raises:
        BadBodyError: The body is not such an object.
    """
    try:
        elements = bytes(_decode_body(body).readings).strip()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadBodyError(f'body is not {{"readings": [...]}}: {error}') from error
    if not elements.startswith(b"["):
        raise BadBodyError('body is not {"readings": [...]}: readings is not an array')
    messages = parse_payload(elements) if elements[1:-1].strip() else []
    if not messages:
        return Checked()
    decoded = to_readings(
        messages,
        topic_panels=[None] * len(messages),
        arrivals=[now.timestamp()] * len(messages),
        now=now,
    )
    reasons = dict(decoded.malformed)
    limits = [DEFAULT_LIMITS] * len(decoded.readings.panel_ids)
    readings = decoded.readings
    if len(readings):
        bad = impossible(readings, limits=limits)
        reasons |= {int(decoded.origin[row]): reason for row, reason in bad.items()}
        flags = suspicious(readings, limits=limits)
        good = np.ones(len(readings), np.bool_)
        good[list(bad)] = False
        values = {name: getattr(readings, name) for name in (*QUANTITIES, "panel", "time_us")}
        readings = Readings(
            panel_ids=readings.panel_ids, quality=readings.quality | flags, **values
        ).take(good)
    return Checked(
        readings=readings if len(readings) else None,
        rejected=[Rejection(at, reason) for at, reason in sorted(reasons.items())],
        panels=[
            Facts(panel, latitude=place[0], longitude=place[1])
            for panel, place in decoded.locations.items()
        ],
    )


def _possible(readings: Readings, *, now: datetime, rejected: list[Rejection]) -> Readings | None:
    """Return the readings that can be, telling of the others."""
    named = np.array([bool(PANEL_ID.fullmatch(panel)) for panel in readings.panel_ids], np.bool_)
    good = _timely(readings.time_us, now=now)
    if not named.all():
        good &= named[readings.panel]
    for quantity, (low, high) in zip(
        QUANTITIES, DEFAULT_LIMITS.possible.as_thousandths(), strict=True
    ):
        values = getattr(readings, quantity)
        if values.min() < low or values.max() > high:
            good &= (values == MISSING) | ((values >= low) & (values <= high))
    if good.all():
        return readings
    wrong = np.flatnonzero(~good)
    bad = readings.take(wrong)
    reasons = impossible(bad, limits=[DEFAULT_LIMITS] * len(bad.panel_ids))
    for row, at in enumerate(wrong.tolist()):
        panel = bad.panel_ids[bad.panel[row]]
        reason = reasons.get(row) or (
            _bad_time(int(bad.time_us[row]), now=now)
            if named[bad.panel[row]]
            else f"panel_id is {panel[:80]!r}, allowed are 1 to 64 letters, digits and . _ : -"
        )
        rejected.append(Rejection(at, reason))
    kept = readings.take(good)
    return kept if len(kept) else None


def _in_time(
    table: Table | None, *, name: str, now: datetime, rejected: list[Rejection]
) -> Table | None:
    """Return the rows whose times can be, telling of the others."""
    if table is None:
        return None
    times = np.asarray(table["time_us"])
    good = _timely(times, now=now)
    if good.all():
        return table
    rejected.extend(
        Rejection(at, _bad_time(int(times[at]), now=now), name)
        for at in np.flatnonzero(~good).tolist()
    )
    return {column: np.asarray(table[column])[good] for column in table} if good.any() else None


def _timely(time_us: NDArray[np.int64], *, now: datetime) -> NDArray[np.bool_]:
    earliest, latest = _micros(now - MAX_PAST), _micros(now + MAX_FUTURE)
    return np.asarray((time_us >= earliest) & (time_us <= latest))


def _bad_time(time_us: int, *, now: datetime) -> str:
    if time_us > _micros(now):
        return f"time_us is {time_us}, over {MAX_FUTURE.seconds // 60} minutes in the future"
    return f"time_us is {time_us}, over {MAX_PAST.days // 366} years ago"


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _sound(episode: Episode) -> Episode:
    """Return an episode that fits the database."""
    for name in ("episode", "alert_type"):
        if not 0 < len(getattr(episode, name)) <= _LONGEST_NAME:
            raise ValueError(f"{name} has to have 1 to {_LONGEST_NAME} characters")
    if episode.panel is not None and not PANEL_ID.fullmatch(episode.panel):
        raise ValueError(f"panel is {episode.panel[:80]!r}, which is no panel id")
    _without_nul(episode.details)
    return episode


def _newest_report(table: Table | None, *, now: datetime) -> tuple[datetime, dict[str, Any]] | None:
    if table is None:
        return None
    times, reports = np.asarray(table["time_us"]), table["report"]
    assert isinstance(reports, Text)  # noqa: S101 - decode() checked it against SCHEMA
    timely = np.flatnonzero(_timely(times, now=now))
    if not len(timely):
        return None
    at = timely[np.argmax(times[timely])]
    report = _decode_object(reports.values[reports.index[at]])
    return _EPOCH + timedelta(microseconds=int(times[at])), _without_nul(report)


def _without_nul(document: dict[str, Any]) -> dict[str, Any]:
    if _NUL in msgspec.json.encode(document):
        raise ValueError("a text has a NUL character, which no database keeps")
    return document


def _facts(table: Table | None, *, rejected: list[Rejection]) -> list[Facts]:
    """Return what is said about panels, the last word for each."""
    if table is None:
        return []
    columns: Mapping[str, Sequence[Any]] = {name: table[name].tolist() for name in table}
    latest: dict[str, Facts] = {}
    for at, panel in enumerate(columns["panel"]):
        if not PANEL_ID.fullmatch(panel):
            rejected.append(Rejection(at, f"panel is {panel[:80]!r}, no panel id", "panels"))
            continue
        latest[panel] = Facts(
            panel,
            model=columns["model"][at] or None,
            panel_group=columns["group"][at] or None,
            rated_watts=_finite(columns["rated_watts"][at]),
            latitude=_finite(columns["latitude"][at]),
            longitude=_finite(columns["longitude"][at]),
        )
    return list(latest.values())


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
