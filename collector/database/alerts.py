"""Storing the states of alert episodes, in whatever order and however often they come.

One alert is open for each (site, panel, type). An episode that begins while another is open goes on
with that one, as after an agent's restart, or when several gateways of a site see the same: then it
ends when the last of them says so. The caller holds the site's lock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg

from shared.alerts import Episode, Severity

Cursor = psycopg.AsyncCursor[Any]

LATE: Final = timedelta(minutes=10)
"""A state that is older than this when it arrives tells of the past: nobody is called for it."""
COLLECTOR: Final = 0
"""Stands for the collector's own rules where a gateway's key is asked for."""
_HELD: Final = timedelta(hours=2)
"""For how long a gateway that has said nothing more of an alert still holds it; a lasting episode
is told of at least once an hour."""

_FIELDS: Final = "alert_key, state, severity, raised_at, last_seen_at, cleared_at, late"
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
                   details, model_version, late, muted)
VALUES (%(site)s, %(panel)s, %(type)s, %(severity)s, %(state)s, %(episode)s, %(raised_at)s,
        %(last_seen_at)s, %(cleared_at)s, %(now)s, %(resolved_at)s, %(title)s,
        %(recommendation)s, %(details)s::jsonb, %(model_version)s, %(late)s,
        in_maintenance(%(site)s::int, %(panel)s::int, %(raised_at)s::timestamptz))
RETURNING alert_key
"""
_UPDATE: Final = """
UPDATE alert
SET severity = %(severity)s, state = %(state)s, raised_at = %(raised_at)s,
    last_seen_at = %(last_seen_at)s, cleared_at = %(cleared_at)s, title = %(title)s,
    resolved_at = coalesce(resolved_at, %(resolved_at)s), recommendation = %(recommendation)s,
    details = %(details)s::jsonb, model_version = %(model_version)s, late = %(late)s
WHERE alert_key = %(alert)s
"""
_HOLD: Final = """
INSERT INTO alert_holder AS told (alert_key, gateway_key, last_seen_at, cleared_at)
VALUES (%(alert)s, %(gateway)s, %(last_seen_at)s, %(cleared_at)s)
ON CONFLICT (alert_key, gateway_key) DO UPDATE
SET last_seen_at = excluded.last_seen_at, cleared_at = excluded.cleared_at
WHERE told.last_seen_at <= excluded.last_seen_at
"""
_HOLDERS: Final = """
SELECT count(*) FROM alert_holder
WHERE alert_key = %s AND gateway_key <> %s AND cleared_at IS NULL AND last_seen_at > %s
"""
_NOTE: Final = """
INSERT INTO alert_history (alert_key, at, action, severity)
SELECT %s, %s, action, %s FROM unnest(%s::text[]) WITH ORDINALITY AS told (action, place)
ORDER BY place
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
    late: bool


async def store_episode(
    cursor: Cursor,
    *,
    site_key: int,
    panel_key: int | None,
    gateway_key: int,
    episode: Episode,
    now: datetime,
) -> None:
    """Store one state of an episode.

    An older state than the one kept, or any after the end, changes nothing. While an alert lasts,
    its severity never goes down and an acknowledgement stays. A cleared one becomes resolved.

    Args:
        cursor: In a transaction that holds the site's lock.
        site_key: The site.
        panel_key: The panel; None for the whole site.
        gateway_key: Who says so; `COLLECTOR` for a rule of the collector's own.
        episode: The state.
        now: The collector's time, UTC.
    """
    values = _values(episode, site_key=site_key, panel_key=panel_key, now=now)
    values["gateway"] = gateway_key
    kept = await _find(cursor, query=_BY_EPISODE, values=values)
    if kept is None:
        kept = await _find(cursor, query=_OPEN, values=values)
        if kept is None or _is_history(episode, kept=kept):
            await _raise(cursor, values=values)
            return
        await cursor.execute(_CONTINUE, values | {"alert": kept.alert_key})
    if kept.cleared_at is not None:
        return
    values["alert"] = kept.alert_key
    await cursor.execute(_HOLD, values)
    if episode.last_seen_at >= kept.last_seen_at:
        if episode.cleared_at is not None and await _is_held(cursor, values=values):
            values |= {"cleared_at": None, "resolved_at": None, "state": "open"}
        await _update(cursor, values=values, kept=kept)
    elif episode.raised_at < kept.raised_at:
        await cursor.execute(
            "UPDATE alert SET raised_at = %s WHERE alert_key = %s",
            [episode.raised_at, kept.alert_key],
        )


async def _raise(cursor: Cursor, *, values: dict[str, Any]) -> None:
    await cursor.execute(_INSERT, values)
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - it was inserted
    await cursor.execute(_HOLD, values | {"alert": row[0]})
    actions = ["raised"] if values["cleared_at"] is None else ["raised", "cleared"]
    await _note(cursor, alert_key=row[0], actions=actions, values=values)


async def _update(cursor: Cursor, *, values: dict[str, Any], kept: _Kept) -> None:
    merged = values | _merged(values, kept=kept)
    await cursor.execute(_UPDATE, merged)
    actions = []
    if merged["severity"] != kept.severity:
        actions.append("worsened")
    if kept.late and not merged["late"]:
        actions.append("caught_up")
    if values["cleared_at"] is not None:
        actions.append("cleared")
    if actions:
        await _note(cursor, alert_key=kept.alert_key, actions=actions, values=merged)


async def _note(
    cursor: Cursor, *, alert_key: int, actions: list[str], values: dict[str, Any]
) -> None:
    await cursor.execute(_NOTE, [alert_key, values["now"], values["severity"], actions])


async def _is_held(cursor: Cursor, *, values: dict[str, Any]) -> bool:
    """Tell whether another gateway still sees what this one says is over."""
    since = values["last_seen_at"] - _HELD
    await cursor.execute(_HOLDERS, [values["alert"], values["gateway"], since])
    row = await cursor.fetchone()
    return row is not None and row[0] > 0


def _is_history(episode: Episode, *, kept: _Kept) -> bool:
    """Tell whether an episode was over before the open alert began."""
    return episode.cleared_at is not None and episode.cleared_at < kept.raised_at


def _merged(values: dict[str, Any], *, kept: _Kept) -> dict[str, Any]:
    worst = max(
        Severity(kept.severity), Severity(values["severity"]), key=lambda severity: severity.rank
    )
    lasts = values["cleared_at"] is None
    return {
        "severity": str(worst),
        "raised_at": min(kept.raised_at, values["raised_at"]),
        "state": kept.state if lasts else "resolved",
        # What began in the past and lasts is of now.
        "late": kept.late and (values["late"] or not lasts),
    }


def _values(
    episode: Episode, *, site_key: int, panel_key: int | None, now: datetime
) -> dict[str, Any]:
    over = episode.cleared_at is not None
    last_seen_at = max(episode.last_seen_at, episode.cleared_at or episode.last_seen_at)
    return {
        "site": site_key,
        "panel": panel_key,
        "type": episode.alert_type,
        "severity": str(episode.severity),
        "state": "resolved" if over else "open",
        "episode": episode.episode,
        "raised_at": episode.raised_at,
        "last_seen_at": last_seen_at,
        "cleared_at": episode.cleared_at,
        "resolved_at": now if over else None,
        "now": now,
        "late": now - last_seen_at > LATE,
        "title": episode.title,
        "recommendation": episode.recommendation,
        "details": msgspec.json.encode(episode.details).decode(),
        "model_version": episode.model_version,
    }


async def _find(cursor: Cursor, *, query: str, values: dict[str, Any]) -> _Kept | None:
    await cursor.execute(query.encode(), values)
    row = await cursor.fetchone()
    return None if row is None else _Kept(*row)
