"""The schema on both flavours."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.database.engine import open_database
from collector.database.flavour import Flavour
from collector.database.migrate import upgrade
from collector.database.revision import current, head
from collector.errors import DatabaseUnsuitableError
from collector.queries.accounts import find_gateway
from timescale.world import ask

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'p', 'm')
ORDER BY c.relname, a.attnum
"""
INSERT = """
INSERT INTO reading_raw SELECT panel, CAST(:start AS timestamptz) + n * INTERVAL '20 seconds',
       20000 + n, CASE WHEN n % 2 = 0 THEN 40000 END, 7000, 300000 + n, 1 << (n % 3)
FROM generate_series(1, 2) AS panel, generate_series(0, 359) AS n
"""
BUCKETS = """
SELECT time_bucket('7 days', timestamptz '2026-06-05 13:17:31+00'),
       time_bucket('15 minutes', timestamptz '2026-06-05 13:17:31+00'),
       time_bucket('1 day', timestamptz '1999-12-31 23:00+00')
"""
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)


async def columns(url):
    async with open_database(url) as database, database.at_once() as connection:
        return await ask(connection, COLUMNS)


async def test_both_flavours_have_the_same_tables_and_views(plain_url, timescale_url):
    plain = await columns(plain_url)

    assert plain == await columns(timescale_url)
    assert {"reading_raw", "reading", "reading_1m", "reading_1h", "reading_1d"} <= {
        relation for relation, _, _ in plain
    }


def test_upgrading_again_changes_nothing(database_url):
    assert current(database_url) == head()
    upgrade(database_url)
    assert current(database_url) == head()


FILL = """
INSERT INTO site (site, name) VALUES ('alpha', 'Alpha');
INSERT INTO panel (site_key, panel, model) VALUES (1, 'PANEL-001', 'M');
INSERT INTO gateway (gateway, site_key, public_key, health)
VALUES ('gw-1', 1, sha256('x'), '{"version": "1"}');
INSERT INTO ledger VALUES (1, '00000000-0000-0000-0000-000000000001', '{[0,5),[7,10)}', 80, 2, 1,
                           now(), now());
INSERT INTO reading_raw VALUES (1, now() - interval '3 days', 1, 2, 3, 4, 0);
INSERT INTO alert (site_key, panel_key, alert_type, severity, episode, raised_at, last_seen_at,
                   title, recommendation)
VALUES (1, 1, 'flatline', 'low', 'one', now(), now(), 'Frozen', 'Look')"""
RESOLVED = """
INSERT INTO alert_history (alert_key, at, action, severity)
SELECT alert_key, now(), action, 'low'
FROM alert, unnest(ARRAY['resolved', 'reopened', 'resolved']) AS action;
UPDATE alert SET state = 'resolved', resolved_at = now(), resolve_cause = 'false_alarm'"""
KEPT = "SELECT " + ", ".join(
    f"(SELECT jsonb_agg(to_jsonb(t)) FROM {table} AS t)"
    for table in ("site", "panel", "gateway", "ledger", "reading_raw", "alert")
)


async def test_a_database_with_data_is_upgraded_and_keeps_all_of_it(empty_url):
    upgrade(empty_url, to="0001")
    async with open_database(empty_url) as database:
        async with database.begin() as connection:
            for statement in FILL.split(";"):
                await connection.execute(statement)
        async with database.at_once() as connection:
            (before,) = await ask(connection, KEPT)

    upgrade(empty_url)

    assert current(empty_url) == head()
    async with open_database(empty_url) as database:
        async with database.at_once() as connection:
            (after,) = await ask(connection, KEPT)
            told = await ask(connection, "SELECT action, actor, severity FROM alert_history")
            assert told == [("raised", None, "low")]
        (stream,) = (await find_gateway(database, gateway="gw-1")).streams
    for table, kept in zip(after, before, strict=True):
        # Columns may be added; those that were there keep what they held.
        for row, old in zip(table or [], kept or [], strict=True):
            assert row | old == row
    assert [(one.first_seq, one.last_seq) for one in stream.outstanding_ranges] == [(5, 6)]


async def test_why_an_alert_was_resolved_is_put_into_its_history(empty_url):
    upgrade(empty_url, to="0008")
    async with open_database(empty_url) as database, database.begin() as connection:
        for statement in (*FILL.split(";"), *RESOLVED.split(";")):
            await connection.execute(statement)

    upgrade(empty_url)

    causes = "SELECT action, cause FROM alert_history ORDER BY entry"
    async with open_database(empty_url) as database, database.at_once() as connection:
        assert await ask(connection, causes) == [
            ("resolved", None),
            ("reopened", None),
            ("resolved", "false_alarm"),
        ]


async def test_the_flavour_is_told(database, request):
    wanted = request.node.callspec.params["database_url"]

    assert database.flavour.kind == wanted
    assert (database.flavour.timescale is None) == (wanted == "plain")


async def test_each_aggregate_is_made_of_the_one_below(database):
    async with database.begin() as connection:
        await ask(connection, INSERT, start=START)
    async with database.at_once() as connection:
        for view, seconds in (("reading_1m", 60), ("reading_1h", 3600), ("reading_1d", 86400)):
            assert await ask(
                connection,
                "SELECT sum(samples), sum(voltage_samples), min(power_min_mw), max(power_max_mw), "
                "bit_or(quality), sum(covered_seconds), sum(energy_wh), "
                "sum(temperature_sum_mc)::bigint "
                f"FROM {view} WHERE panel_key = 1",
            ) == [
                (
                    360,
                    180,
                    300_000,
                    300_359,
                    7,
                    7200,
                    pytest.approx(600.359, abs=0.001),
                    360 * 20_000 + 359 * 180,
                )
            ]
            assert await ask(
                connection,
                f"SELECT count(*) FROM {view} "
                f"WHERE extract(epoch FROM bucket)::bigint % {seconds} <> 0",
            ) == [(0,)]


async def test_buckets_of_time_begin_alike_on_both_flavours(database):
    async with database.at_once() as connection:
        (row,) = await ask(connection, BUCKETS)

    assert row == (
        datetime(2026, 6, 1, tzinfo=UTC),
        datetime(2026, 6, 5, 13, 15, tzinfo=UTC),
        datetime(1999, 12, 31, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ((14, None, None), "PostgreSQL is 14, needed is 15"),
        ((17, "2.17.2", "timescale"), "TimescaleDB is 2.17.2, needed is 2.18"),
        ((17, "2.23.1", "apache"), "timescaledb.license = apache"),
    ],
)
def test_a_database_that_cannot_do_it_is_refused_with_what_to_do(row, told):
    with pytest.raises(DatabaseUnsuitableError, match=told):
        Flavour.of(row)
