"""Segments as gateways send them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np

from collector.checks.checked import Checked, Facts
from collector.checks.reports import check_losses, check_reports, without_nul
from collector.checks.rows import bad_moment, in_time, possible
from collector.checks.windows import check_windows
from collector.errors import BadBodyError
from collector.receipts import Rejection
from shared.alerts import Episode, alerts_of
from shared.errors import InvalidSegmentError
from shared.messages import PANEL_ID
from shared.segments import Segment, decode, readings_of, unpack
from shared.tables import Table

MAX_BODY_ROWS: Final = 2_000_000
"""Rows of all segments of a body; bounds what a body can grow to when decoded."""
_LONGEST_NAME: Final = 128


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
        InvalidSegmentError: Its alerts, health reports or losses are not what they should be.
    """
    rejected: list[Rejection] = []
    losses = check_losses(segment)
    readings, origin = readings_of(segment), None
    if readings is not None:
        readings, origin = possible(readings, now=now, rejected=rejected)
    series = {
        name: in_time(segment.tables.get(name), name=name, now=now, rejected=rejected)
        for name in ("weather", "meter")
    }
    try:
        episodes = _timely_episodes(alerts_of(segment), now=now, rejected=rejected)
        report = check_reports(segment.tables.get("health"), now=now)
    except (msgspec.MsgspecError, OverflowError, RecursionError, ValueError) as error:
        raise InvalidSegmentError(f"alerts or health: {error}") from error
    return Checked(
        readings=readings,
        origin=origin,
        rejected=rejected,
        weather=series["weather"],
        meter=series["meter"],
        windows=check_windows(segment.tables.get("windows"), now=now, rejected=rejected),
        panels=_facts(segment.tables.get("panels"), rejected=rejected),
        episodes=episodes,
        report=report,
        losses=losses,
    )


def _timely_episodes(
    episodes: Sequence[Episode], *, now: datetime, rejected: list[Rejection]
) -> list[tuple[int, Episode]]:
    kept = []
    for at, episode in enumerate(episodes):
        if reason := bad_moment(_sound(episode), now=now):
            rejected.append(Rejection(at, reason, "alerts"))
        else:
            kept.append((at, episode))
    return kept


def _sound(episode: Episode) -> Episode:
    """Return an episode that fits the database."""
    for name in ("episode", "alert_type"):
        if not 0 < len(getattr(episode, name)) <= _LONGEST_NAME:
            raise ValueError(f"{name} has to have 1 to {_LONGEST_NAME} characters")
    if episode.panel is not None and not PANEL_ID.fullmatch(episode.panel):
        raise ValueError(f"panel is {episode.panel[:80]!r}, which is no panel id")
    without_nul(episode.details)
    return episode


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
            index=at,
            model=columns["model"][at] or None,
            panel_group=columns["group"][at] or None,
            rated_watts=_finite(columns["rated_watts"][at]),
            latitude=_finite(columns["latitude"][at]),
            longitude=_finite(columns["longitude"][at]),
        )
    return list(latest.values())


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
