"""Every statement of the dashboards, run as their own role on both flavours, with known answers."""

from datetime import datetime, timedelta

import psycopg
import pytest

from collector.database.rollups.job import roll_up
from collector.database.rollups.retention import Retention
from deploy.grafana.render import FOLDER, rendered
from timescale.grafana import dashboards, expand, is_time, statements
from timescale.world import HOUR, NOON, NOW, World

BOARDS = dashboards()
TIMES = {"start": NOON - 12 * HOUR, "end": NOW}
CHOSEN = {"site": "o'beta", "panel": "P1"}


@pytest.fixture
def database_url(own_url):
    return own_url


async def fill(database):
    world = World(database)
    key = await world.site("o'beta")
    first, second = await world.panel(key, "P1"), await world.panel(key, "P2")
    # From 10:00 to 12:30 UTC 200 W, and from 10:00 to 12:00 300 W.
    await world.readings(first, start=NOON - 2 * HOUR, minutes=150, watts=200)
    await world.readings(second, start=NOON - 2 * HOUR, minutes=112, watts=300)
    await world.run("INSERT INTO rollup.site_sun VALUES (:k, '2026-06-01', 400, 300)", k=key)
    await world.alert(key, first, episode="a", severity="critical")
    await world.alert(key, second, episode="b", severity="low", state="resolved")
    await world.run(
        "INSERT INTO gateway (gateway, site_key, public_key, health) "
        "VALUES ('g', :k, sha256('g'), '{\"outbox_rows\": \"?\"}')",
        k=key,
    )
    while await roll_up(database, now=NOW + timedelta(seconds=10), retention=Retention()):
        pass


async def run_as_grafana(database, sql):
    async with database.begin() as connection:
        await connection.execute("SET LOCAL ROLE heliograph_grafana")
        cursor = await connection.execute(sql, prepare=False)
        names = [column.name for column in cursor.description]
        return names, await cursor.fetchall()


def test_the_files_are_what_the_code_renders():
    assert rendered() == {file.name: file.read_text() for file in FOLDER.glob("*.json")}


async def test_every_statement_runs_as_the_role_of_grafana_and_answers_what_is_known(database):
    await fill(database)
    seen = await answers(database)
    fleet_and_site_are_right(seen)
    panel_and_alerts_are_right(seen)


async def answers(database):
    """Run them all, and return their rows by dashboard and title."""
    seen = {}
    for board, dashboard in BOARDS.items():
        for title, sql in statements(dashboard):
            names, rows = await run_as_grafana(database, expand(sql, **TIMES, **CHOSEN))
            seen[board, title] = rows
            if "time" in names and title != "Alerts":
                times = [row[names.index("time")] for row in rows]
                assert times, (board, title)
                assert all(is_time(time) for time in times), (board, title)
                assert times == sorted(times), (board, title)
            assert len(rows) <= 2_000
    return seen


def fleet_and_site_are_right(seen):
    assert seen["fleet", "Energy today"] == [(pytest.approx(150 * 200 / 60 + 112 * 300 / 60),)]
    assert seen["fleet", "Open alerts"] == [(1,)]
    assert seen["fleet", "Sites silent"] == [(1,)]
    ((name, site, kwh, per_kwp, completeness, alerts),) = seen["fleet", "Sites"]
    assert (name, site, alerts) == ("o'beta", "o'beta", 1)
    assert (kwh, per_kwp) == (pytest.approx(0.96), pytest.approx(1.2))
    assert completeness == pytest.approx((120 + 112) / 240)
    power = {row[0]: row[1] for row in seen["site", "Power"]}
    assert (power[NOON - HOUR], power[NOON]) == (500.0, 200.0)
    assert seen["site", "Energy by day"] == [
        (datetime(2026, 5, 31, 22, tzinfo=NOW.tzinfo), pytest.approx(960.0))
    ]
    assert seen["site", "Availability by day"] == [
        (datetime(2026, 5, 31, 22, tzinfo=NOW.tzinfo), 75.0)
    ]
    ranking = seen["site", "Panels, the weakest first"]
    assert [(row[0], row[2]) for row in ranking] == [
        ("P1", pytest.approx(400.0)),
        ("P2", pytest.approx(560.0)),
    ]


def panel_and_alerts_are_right(seen):
    assert {tuple(row[1:]) for row in seen["panel", "Power"]} == {(200.0, 200.0, 200.0)}
    assert [row[2] for row in seen["panel", "Siblings"]] == [200.0, 200.0]
    assert [row[1] for row in seen["panel", "Completeness"]] == [1, 1]
    assert seen["panel", "variable panel"] == [("P1", "P1"), ("P2", "P2")]
    ((start, end, *_), *_) = seen["panel", "Alerts"]
    assert start == NOON
    assert end > start
    assert len(seen["alerts", "Open"]) == 1
    assert seen["gateways", "Late hours to do"] == [(0,)]
    assert seen["gateways", "Gateways"][0][3] is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM api_token",
        "SELECT url FROM public.notify_route",
        "SELECT * FROM public.console_session",
        "SELECT * FROM public.site",
        "DELETE FROM public.alert",
        "SELECT * FROM rollup.progress",
    ],
)
async def test_the_role_of_grafana_reads_dashboards_and_nothing_else(database, statement):
    with pytest.raises(Exception, match="permission denied") as refused:
        await run_as_grafana(database, statement)
    assert not isinstance(refused.value, psycopg.OperationalError)


def test_what_grafana_trips_over_is_nowhere():
    for board, dashboard in BOARDS.items():
        titles = [panel["title"] for panel in dashboard["panels"]]
        assert len(set(titles)) == len(titles)
        for panel in dashboard["panels"]:
            assert panel["description"], (board, panel["title"])
            assert panel["fieldConfig"]["defaults"]["noValue"]
            assert panel["fieldConfig"]["defaults"]["unit"]
        for title, sql in statements(dashboard):
            assert "--" not in sql, (board, title)
            assert "$__timeGroup" not in sql or "AS time" in sql
            variables = {
                each["name"] for each in (dashboard.get("templating") or {}).get("list", [])
            }
            assert {name for name in ("site", "panel") if f"${{{name}:" in sql} <= variables
