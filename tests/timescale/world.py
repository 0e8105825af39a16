"""What tests of both flavours put into a database."""

from datetime import UTC, datetime, timedelta

from collector.database.statements import with_parameters

# 14:30 in Berlin, 18:00 in Kolkata; an hour that is over, and one that is not.
NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def ask(connection, statement, **values):
    """Run a statement whose parameters are written ``:name``, and return its rows, if any."""
    cursor = await connection.execute(with_parameters(statement), values)
    return await cursor.fetchall() if cursor.description else []


class World:
    """Puts things into a database, on one connection at a time."""

    def __init__(self, database):
        self.database = database

    async def run(self, statement, **values):
        async with self.database.begin() as connection:
            rows = await ask(connection, statement, **values)
        return rows[0][0] if rows else None

    async def site(self, site="alpha", *, zone="Europe/Berlin"):
        return await self.run(
            "INSERT INTO site (site, name, timezone) VALUES (:s, :s, :z) RETURNING site_key",
            s=site,
            z=zone,
        )

    async def panel(self, site_key, panel, *, rated=400.0, group="south"):
        return await self.run(
            "INSERT INTO panel (site_key, panel, rated_watts, panel_group) "
            "VALUES (:k, :p, CAST(:r AS float8), :g) RETURNING panel_key",
            k=site_key,
            p=panel,
            r=rated,
            g=group,
        )

    async def readings(self, panel_key, *, start, minutes, watts, every=1):
        """Readings once a minute (or every so many) at one power; the job hears of them."""
        await self.run(
            "INSERT INTO reading_raw SELECT CAST(:p AS int), CAST(:s AS timestamptz) "
            "+ n * INTERVAL '1 minute', 25000, 48000, 8000, CAST(:w AS int), 0 "
            "FROM generate_series(0, CAST(:m AS int) - 1, CAST(:e AS int)) AS n",
            p=panel_key,
            s=start,
            m=minutes,
            w=round(watts * 1000),
            e=every,
        )
        await self.run(
            "INSERT INTO rollup.touched SELECT site_key, min(time), max(time) "
            "FROM reading_raw JOIN panel USING (panel_key) WHERE panel_key = :p "
            "GROUP BY site_key, time_bucket('1 hour', time)",
            p=panel_key,
        )

    async def weather(self, site_key, *, start, minutes, w_m2, every=1):
        await self.run(
            "INSERT INTO weather SELECT CAST(:k AS int), CAST(:s AS timestamptz) "
            "+ n * INTERVAL '1 minute', CAST(:w AS int), 21500, 3000 "
            "FROM generate_series(0, CAST(:m AS int) - 1, CAST(:e AS int)) AS n",
            k=site_key,
            s=start,
            m=minutes,
            w=round(w_m2 * 1000),
            e=every,
        )

    async def alert(self, site_key, panel_key, *, episode, severity="high", state="open"):
        return await self.run(
            "INSERT INTO alert (site_key, panel_key, alert_type, severity, state, episode, "
            "raised_at, last_seen_at, title, recommendation, details) VALUES (:k, "
            "CAST(:p AS int), :e, :v, :t, :e, :n, :n, 'T', 'R', '{\"measured_watts\": 3}') "
            "RETURNING alert_key",
            k=site_key,
            p=panel_key,
            e=episode,
            v=severity,
            t=state,
            n=NOON,
        )
