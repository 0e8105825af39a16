"""Storing the states of alert episodes, in whatever order and however often they come.

One alert is open for each (site, panel, type). An episode that begins while another is open goes on
with that one, as after an agent's restart. The caller holds the site's lock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from shared.alerts import Episode, Severity

Cursor = psycopg.AsyncCursor[Any]

_FIELDS: Final = "alert_key, state, severity, raised_at, last_seen_at, cleared_at"
_BY_EPISODE: Final = f"""
SELECT {_FIELDS} FROM alert
WHERE site_key = %(site)s AND alert_key = coalesce(
    (SELECT alert_key FROM alert WHERE site_key = %(site)s AND episode = %(episode)s),
    (SELECT alert_key FROM alert_continuation
     WHERE site_key = %(site)s AND episode = %(episode)s))
FOR UPDATE
"""  # noqa: S608 - only our own column names
_OPEN: Final = f"""
SELECT {_FIELDS} FROM alert
WHERE site_key = %(site)s AND coalesce(panel_key, 0) = coalesce(%(panel)s::int, 0)
  AND alert_type = %(type)s AND state <> 'resolved'
FOR UPDATE
"""  # noqa: S608 - as above
_CONTINUE: Final = """
INSERT INTO alert_continuation (site_key, episode, alert_key)
VALUES (%(site)s, %(episode)s, %(alert)s)
"""
_INSERT: Final = """
INSERT INTO alert (site_key, panel_key, alert_type, severity, state, episode, raised_at,
                   last_seen_at, cleared_at, received_at, resolved_at, title, recommendation,
                   details, model_version)
VALUES (%(site)s, %(panel)s, %(type)s, %(severity)s, %(state)s, %(episode)s, %(raised_at)s,
        %(last_seen_at)s, %(cleared_at)s, %(now)s, %(resolved_at)s, %(title)s,
        %(recommendation)s, %(details)s::jsonb, %(model_version)s)
"""
_UPDATE: Final = """
UPDATE alert
SET severity = %(severity)s, state = %(state)s, raised_at = %(raised_at)s,
    last_seen_at = %(last_seen_at)s, cleared_at = %(cleared_at)s, title = %(title)s,
    resolved_at = coalesce(resolved_at, %(resolved_at)s), recommendation = %(recommendation)s,
    details = %(details)s::jsonb, model_version = %(model_version)s
WHERE alert_key = %(alert)s
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database has of an alert."""

    alert_key: int
    state: str
    severity: str
    raised_at: datetime
    last_seen_at: datetime
    cleared_at: datetime | None


async def store_episode(
    cursor: Cursor, *, site_key: int, panel_key: int | None, episode: Episode, now: datetime
) -> None:
    """Store one state of an episode.

    An older state than the one kept, or any after the end, changes nothing. While an alert lasts,
    its severity never goes down and an acknowledgement stays. A cleared one becomes resolved.

    Args:
        cursor: In a transaction that holds the site's lock.
        site_key: The site.
        panel_key: The panel; None for the whole site.
        episode: The state.
        now: The collector's time, UTC.
    """
    values = _values(episode, site_key=site_key, panel_key=panel_key, now=now)
    kept = await _find(cursor, query=_BY_EPISODE, values=values)
    if kept is None:
        kept = await _find(cursor, query=_OPEN, values=values)
        if kept is None or _is_history(episode, kept=kept):
            await cursor.execute(_INSERT, values)
            return
        await cursor.execute(_CONTINUE, values | {"alert": kept.alert_key})
    if kept.cleared_at is None and episode.last_seen_at >= kept.last_seen_at:
        await cursor.execute(_UPDATE, values | _merged(episode, kept=kept))
    elif kept.cleared_at is None and episode.raised_at < kept.raised_at:
        await cursor.execute(
            "UPDATE alert SET raised_at = %s WHERE alert_key = %s",
            [episode.raised_at, kept.alert_key],
        )


def _is_history(episode: Episode, *, kept: _Kept) -> bool:
    """Tell whether an episode was over before the open alert began."""
    return episode.cleared_at is not None and episode.cleared_at < kept.raised_at


def _merged(episode: Episode, *, kept: _Kept) -> dict[str, Any]:
    worst = max(Severity(kept.severity), episode.severity, key=lambda severity: severity.rank)
    return {
        "alert": kept.alert_key,
        "severity": str(worst),
        "raised_at": min(kept.raised_at, episode.raised_at),
        "state": kept.state if episode.cleared_at is None else "resolved",
    }


def _values(
    episode: Episode, *, site_key: int, panel_key: int | None, now: datetime
) -> dict[str, Any]:
    over = episode.cleared_at is not None
    return {
        "site": site_key,
        "panel": panel_key,
        "type": episode.alert_type,
        "severity": str(episode.severity),
        "state": "resolved" if over else "open",
        "episode": episode.episode,
        "raised_at": episode.raised_at,
        "last_seen_at": max(episode.last_seen_at, episode.cleared_at or episode.last_seen_at),
        "cleared_at": episode.cleared_at,
        "resolved_at": now if over else None,
        "now": now,
        "title": episode.title,
        "recommendation": episode.recommendation,
        "details": msgspec.json.encode(episode.details).decode(),
        "model_version": episode.model_version,
    }


async def _find(cursor: Cursor, *, query: str, values: dict[str, Any]) -> _Kept | None:
    await cursor.execute(query.encode(), values)
    row = await cursor.fetchone()
    return None if row is None else _Kept(*row)
