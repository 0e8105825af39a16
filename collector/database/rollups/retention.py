"""What is old goes; what it was aggregated to stays longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.database.engine import Connection, Database
from collector.database.rollups.statements import run

_POLICIES: Final = """
SELECT altered.job_id
FROM timescaledb_information.jobs AS job
CROSS JOIN LATERAL alter_job(
    job.job_id, config => job.config || jsonb_build_object(%(key)s::text, %(value)s::text)
) AS altered
WHERE proc_name = %(policy)s AND hypertable_name = ANY(%(tables)s)
  AND (job.config ->> %(key)s)::interval <> %(value)s::interval
"""
# What came late and is not aggregated yet stays; both are seen as of the same moment.
_OLD_READINGS: Final = """
DELETE FROM reading_raw
USING panel
WHERE reading_raw.panel_key = panel.panel_key
  AND time < least(%(before)s, (SELECT minutes_until FROM rollup.progress))
  AND NOT EXISTS (SELECT FROM rollup.touched WHERE first_at < %(before)s)
  AND NOT EXISTS (SELECT FROM rollup.late WHERE first_at < %(before)s)
"""
_OLD: Final = """
DELETE FROM {table} USING {owner}
WHERE {table}.{owner}_key = {owner}.{owner}_key AND {time} < %(before)s
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long readings and their aggregates are kept; days are kept for ever."""

    raw: timedelta = timedelta(days=30)
    """Readings as they were measured."""
    minutes: timedelta = timedelta(days=730)
    """Minutes, weather and meters."""
    hours: timedelta | None = None
    """Hours; None for ever."""


async def delete_old(database: Database, *, now: datetime, retention: Retention) -> None:
    """Delete what is older; TimescaleDB is told how old that is, and does it in the background.

    Args:
        database: Where.
        now: UTC.
        retention: How old.

    Raises:
        DatabaseError: The database is away or refuses.
    """
    async with database.at_once() as connection:
        if database.flavour.kind == "timescale":
            await _set_policies(connection, retention)
        else:
            await _delete(connection, now=now, retention=retention)


async def _delete(connection: Connection, *, now: datetime, retention: Retention) -> None:
    await run(connection, _OLD_READINGS, before=now - retention.raw)
    old = [
        ("rollup.minute", "panel", "bucket", retention.minutes),
        ("rollup.site_1m", "site", "bucket", retention.minutes),
        ("weather", "site", "time", retention.minutes),
        ("meter", "site", "time", retention.minutes),
        ("detection_window", "panel", "time", retention.minutes),
        ("rollup.hour", "panel", "bucket", retention.hours),
        ("rollup.site_1h", "site", "bucket", retention.hours),
    ]
    for table, owner, time, kept in old:
        if kept is not None:
            statement = _OLD.format(table=table, owner=owner, time=time)
            await run(connection, statement, before=now - kept)


async def _set_policies(connection: Connection, retention: Retention) -> None:
    """Let TimescaleDB's jobs keep what is to be kept; refreshing never reaches what is deleted."""
    views = ["reading_1m", "reading_1h", "reading_1d"]
    # Days are refreshed up to yesterday, and a refresh covers one of them at least.
    refreshed = max(retention.raw - timedelta(days=1), timedelta(days=2))
    minutes = ["reading_1m", "site_1m", "weather", "meter", "detection_window"]
    for policy, key, tables, value in (
        ("policy_retention", "drop_after", ["reading_raw"], retention.raw),
        ("policy_retention", "drop_after", minutes, retention.minutes),
        ("policy_refresh_continuous_aggregate", "start_offset", views, refreshed),
    ):
        days = f"{value.days} days"
        await run(connection, _POLICIES, policy=policy, key=key, tables=tables, value=days)
    if retention.hours is not None:
        await run(
            connection,
            "SELECT add_retention_policy("
            "'reading_1h', drop_after => %(kept)s, if_not_exists => true)",
            kept=retention.hours,
        )
    else:
        await run(connection, "SELECT remove_retention_policy('reading_1h', if_exists => true)")
