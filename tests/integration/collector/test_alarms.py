"""The collector's own rules and what becomes of alerts that last, on a real database."""

import asyncio
from datetime import timedelta

import pytest

from collector.alarms import Limits, handle_lasting, judge_fleet, judge_gateways, judge_power
from collector.jobs import Job, do_job
from integration.collector.bodies import NOW, body, segment

LIMITS = Limits()
RAISED = "SELECT alert_type, severity, state FROM alert ORDER BY alert_key"
TOLD = "SELECT action FROM alert_history ORDER BY entry"


@pytest.fixture
def judge(database):
    """`judge(at)`: the rules about gateways, as if they had run a moment before."""

    async def judge(at, *, ran_at=None):
        before = at - timedelta(seconds=15) if ran_at is None else ran_at
        await judge_gateways(database, limits=LIMITS, ran_at=before, now=at)

    return judge


@pytest.fixture
def alert(rows, sender):
    """`alert(**columns)`: an alert of alpha that has been open for long; returns its number."""

    def alert(**columns):
        past = NOW - timedelta(days=2)
        values = {
            "site_key": sender.site_key,
            "alert_type": "flatline",
            "severity": "high",
            "episode": "one",
            "raised_at": past,
            "received_at": past,
            "last_seen_at": NOW,
            "title": "T",
            "recommendation": "R",
        } | columns
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO alert ({names}) VALUES ({places}) RETURNING alert_key"
        return rows(statement, *values.values())[0][0]

    return alert


async def test_a_silent_gateway_is_an_episode_like_an_edges(ingest, sender, rows, judge):
    await judge(NOW)
    await ingest.segments(body(segment()), sender=sender, now=NOW)
    await judge(NOW + timedelta(minutes=10))
    assert rows(RAISED) == []

    await judge(NOW + timedelta(minutes=16))
    await judge(NOW + timedelta(minutes=17))
    assert rows(RAISED) == [("site_silent", "high", "open")]
    assert rows("SELECT silent_since FROM gateway") == [(NOW,)]

    back = NOW + timedelta(minutes=20)
    await ingest.segments(body(segment(seq=(1, 1))), sender=sender, now=back)
    await judge(back)
    assert rows(RAISED) == [("site_silent", "high", "resolved")]
    assert rows(TOLD) == [("raised",), ("cleared",)]
    assert rows("SELECT kind, body->>'action' FROM live_event ORDER BY event") == [
        ("gateway", "seen"),
        ("gateway", "silent"),
        ("alert", "raised"),
        ("gateway", "seen"),
        ("alert", "cleared"),
    ]


async def test_after_the_collector_was_away_nobody_is_called_silent_at_once(
    ingest, sender, rows, judge
):
    await judge(NOW)
    await ingest.segments(body(segment()), sender=sender, now=NOW)
    later = NOW + timedelta(hours=3)
    await judge(later, ran_at=NOW)
    await judge(later + timedelta(minutes=14))
    assert rows(RAISED) == []
    await judge(later + timedelta(minutes=16))
    assert rows(RAISED) == [("site_silent", "high", "open")]


async def test_a_declared_loss_is_told_of_for_a_day(rows, sender, judge):
    rows(
        "INSERT INTO declared_loss VALUES (%s, gen_random_uuid(), 0, 4, 'disk_full', 500, %s, %s, "
        "%s, %s) RETURNING 1",
        sender.gateway_key,
        *[NOW] * 4,
    )
    rows("UPDATE gateway SET last_seen_at = %s RETURNING 1", NOW + timedelta(days=3))
    await judge(NOW)
    assert rows("SELECT alert_type, severity, details->'lost_rows' FROM alert") == [
        ("data_lost", "medium", 500)
    ]
    await judge(NOW + timedelta(hours=25))
    assert rows("SELECT state FROM alert") == [("resolved",)]


TOUCHED = "INSERT INTO rollup.touched SELECT site_key, %s, %s FROM site RETURNING 1"


async def test_a_site_without_power_in_the_sun_is_down(database, rows, sender):
    fill = (
        "WITH made AS (INSERT INTO panel (site_key, panel, rated_watts) VALUES (%s, %s, 400) "
        "RETURNING panel_key) INSERT INTO reading_raw SELECT panel_key, "
        "%s - n * INTERVAL '20 s', 20000, 40000, 100, %s, 0 "
        "FROM made, generate_series(0, 90) AS n RETURNING 1"
    )
    rows("UPDATE site SET latitude = 48.0, longitude = 11.0 RETURNING 1")
    rows(fill, sender.site_key, "P1", NOW, 0)
    rows(TOUCHED, NOW, NOW)
    await judge_power(database, now=NOW)
    assert rows(RAISED) == [("site_down", "critical", "open")]

    rows(fill, sender.site_key, "P2", NOW, 300_000)
    await judge_power(database, now=NOW)
    assert rows(RAISED) == [("site_down", "critical", "resolved")]


async def test_a_site_that_gives_less_than_those_around_is_an_outlier_not_one_with_mute_panels(
    database, rows
):
    for number, power in enumerate((300_000, 300_000, 300_000, 100_000)):
        rows(
            "INSERT INTO site (site, name, latitude, longitude) VALUES (%s, '', 48, 11) "
            "RETURNING 1",
            f"s{number}",
        )
        for panel, told in (("P1", power), ("P2", None if number == 0 else power)):
            rows(
                "WITH made AS (INSERT INTO panel (site_key, panel, rated_watts) "
                "SELECT site_key, %s, 400 FROM site WHERE site = %s RETURNING panel_key) "
                "INSERT INTO reading_raw SELECT panel_key, "
                "%s - n * INTERVAL '10 min', 20000, 40000, 100, %s, 0 "
                "FROM made, generate_series(1, 140) AS n RETURNING 1",
                panel,
                f"s{number}",
                NOW,
                told,
            )
    rows(TOUCHED, NOW, NOW)
    await judge_fleet(database, now=NOW)
    assert rows("SELECT site, alert_type FROM alert JOIN site USING (site_key)") == [
        ("s3", "fleet_outlier")
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, [("escalated",)]),
        ({"received_at": NOW - timedelta(minutes=59)}, []),
        ({"severity": "low"}, []),
        ({"state": "acknowledged"}, []),
        ({"late": True}, []),
        ({"cleared_at": NOW}, []),
    ],
)
async def test_what_nobody_takes_in_time_is_told_of_again_once(
    database, rows, alert, columns, expected
):
    alert(**columns)
    for _ in range(2):
        await handle_lasting(database, limits=LIMITS, now=NOW)
    assert rows(TOLD) == expected


@pytest.mark.parametrize(("minutes", "state"), [(59, "resolved"), (61, "open")])
async def test_what_was_resolved_and_lasts_is_opened_again(database, rows, alert, minutes, state):
    resolved_at = NOW - timedelta(minutes=minutes)
    alert(state="resolved", resolved_at=resolved_at, resolved_by="mara")
    await handle_lasting(database, limits=Limits(escalate=timedelta(0)), now=NOW)
    assert rows("SELECT state FROM alert") == [(state,)]
    assert rows(TOLD) == ([("reopened",)] if state == "open" else [])


async def test_what_was_muted_and_goes_on_after_the_work_is_told_of(database, rows, alert, sender):
    alert(muted=True, raised_at=NOW - timedelta(hours=2))
    rows(
        "INSERT INTO maintenance (site_key, from_at, to_at, why, created_at, created_by) "
        "VALUES (%s, %s, %s, '', now(), '') RETURNING 1",
        sender.site_key,
        NOW - timedelta(hours=3),
        NOW - timedelta(hours=1),
    )
    rows("UPDATE alert SET last_seen_at = %s RETURNING 1", NOW - timedelta(minutes=90))
    await handle_lasting(database, limits=LIMITS, now=NOW)
    assert rows("SELECT muted FROM alert") == [(True,)]
    rows("UPDATE alert SET last_seen_at = %s RETURNING 1", NOW)
    await handle_lasting(database, limits=LIMITS, now=NOW)
    assert rows("SELECT muted FROM alert") == [(False,)]


async def test_of_several_processes_one_does_a_job_and_again_when_it_is_due(database):
    done = []

    async def work(ran_at, now):
        done.append((ran_at, now))
        await asyncio.sleep(0)

    job = Job("test", timedelta(seconds=10), work)

    async def all_at(moment):
        await asyncio.gather(*(do_job(database, job=job, now=moment) for _ in range(4)))

    await all_at(NOW)
    await all_at(NOW + timedelta(seconds=9))
    await all_at(NOW + timedelta(seconds=10))
    assert done == [(None, NOW), (NOW, NOW + timedelta(seconds=10))]
