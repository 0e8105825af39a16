from datetime import timedelta
from uuid import UUID

import msgspec
import numpy as np
import pytest

from integration.collector.bodies import NOW, body, readings, segment
from shared.alerts import Episode, Severity, alerts_table
from shared.readings import MISSING
from shared.tables import MISSING_I8, Text

RAISED = NOW - timedelta(minutes=10)


def episode(**changes):
    return msgspec.structs.replace(
        Episode(
            episode="one",
            panel="PANEL-001",
            alert_type="over_temperature",
            severity=Severity.MEDIUM,
            title="Hot",
            recommendation="Look",
            details={"temperature_celsius": 91.0},
            raised_at=RAISED,
            last_seen_at=RAISED,
        ),
        **changes,
    )


@pytest.fixture
def send(ingest, sender):
    """`send(**tables)`: one segment, the next flush of the stream."""
    sequence = iter(range(1000))

    async def send(**tables):
        at = next(sequence)
        return await ingest.segments(body(segment(seq=(at, at), **tables)), sender=sender, now=NOW)

    return send


@pytest.fixture
def alerts(send):
    """`alerts(*episodes)`: one segment for each state."""

    async def alerts(*episodes):
        for state in episodes:
            receipt = await send(alerts=alerts_table([state]))
            assert receipt.segments[0].status == "stored"

    return alerts


async def test_an_episode_is_raised_updated_and_cleared(alerts, rows):
    later, end = RAISED + timedelta(minutes=1), RAISED + timedelta(minutes=2)

    await alerts(episode(), episode(last_seen_at=later, severity=Severity.HIGH, title="Hotter"))
    assert rows("SELECT state, severity, title, raised_at, last_seen_at FROM alert") == [
        ("open", "high", "Hotter", RAISED, later)
    ]

    await alerts(episode(last_seen_at=end, cleared_at=end, severity=Severity.LOW))
    assert rows("SELECT state, severity, cleared_at, resolved_at, resolved_by FROM alert") == [
        ("resolved", "high", end, NOW, None)
    ]


async def test_an_older_state_changes_nothing(alerts, rows):
    end = RAISED + timedelta(minutes=2)
    await alerts(
        episode(last_seen_at=end, cleared_at=end),
        episode(last_seen_at=RAISED + timedelta(minutes=1), severity=Severity.CRITICAL),
        episode(last_seen_at=end + timedelta(minutes=1)),
    )

    assert rows("SELECT state, severity, last_seen_at FROM alert") == [("resolved", "medium", end)]


async def test_an_acknowledgement_stays_while_the_alert_lasts(alerts, rows):
    await alerts(episode())
    rows("UPDATE alert SET state = 'acknowledged' RETURNING 1")

    await alerts(episode(last_seen_at=RAISED + timedelta(minutes=1)))

    assert rows("SELECT state FROM alert") == [("acknowledged",)]


async def test_an_episode_goes_on_with_the_open_alert_after_an_agents_restart(alerts, rows):
    end = NOW - timedelta(minutes=1)
    await alerts(
        episode(),
        episode(episode="two", raised_at=NOW - timedelta(minutes=5), last_seen_at=NOW),
    )
    assert rows("SELECT state, raised_at, last_seen_at FROM alert") == [("open", RAISED, NOW)]

    await alerts(episode(episode="two", last_seen_at=NOW, cleared_at=end))
    assert rows("SELECT state, raised_at, cleared_at FROM alert") == [("resolved", RAISED, end)]

    await alerts(episode(episode="three", raised_at=NOW, last_seen_at=NOW))
    assert rows("SELECT state FROM alert ORDER BY raised_at") == [("resolved",), ("open",)]


async def test_what_was_over_before_the_open_alert_began_is_history_of_its_own(alerts, rows):
    past = RAISED - timedelta(hours=1)
    await alerts(
        episode(),
        episode(episode="old", raised_at=past, last_seen_at=past, cleared_at=past),
    )

    assert rows("SELECT state FROM alert ORDER BY raised_at") == [("resolved",), ("open",)]


async def test_a_sites_own_alert_has_no_panel(alerts, rows):
    await alerts(episode(panel=None), episode(episode="two"))

    assert rows("SELECT panel_key IS NULL, count(*) FROM alert GROUP BY 1 ORDER BY 1") == [
        (False, 1),
        (True, 1),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"details": {"note": "\0"}}, {"episode": "x" * 3000}, {"panel": "../etc"}],
)
async def test_an_alert_no_database_keeps_is_refused_and_the_rest_is_stored(
    ingest, sender, rows, changes
):
    receipt = await ingest.segments(
        body(
            segment(alerts=alerts_table([episode(**changes)])),
            segment(readings(), seq=(1, 1)),
        ),
        sender=sender,
        now=NOW,
    )

    assert [one.status for one in receipt.segments] == ["refused", "stored"]
    assert rows("SELECT count(*) FROM reading_raw") == [(20,)]


@pytest.mark.parametrize(
    ("name", "moment", "reason"),
    [
        ("raised_at", NOW + timedelta(minutes=5, seconds=1), "over 5 minutes in the future"),
        ("last_seen_at", NOW + timedelta(days=36_500), "over 5 minutes in the future"),
        ("cleared_at", NOW + timedelta(minutes=6), "over 5 minutes in the future"),
        ("raised_at", NOW - timedelta(days=5 * 366 + 1), "over 5 years ago"),
    ],
)
async def test_an_alert_of_a_time_that_cannot_be_is_rejected_alone(
    send, rows, name, moment, reason
):
    states = [episode(), episode(episode="two", panel="PANEL-002", **{name: moment})]

    receipt = await send(alerts=alerts_table(states))

    assert receipt.segments[0].status == "stored"
    [rejection] = receipt.rejected
    assert (rejection.index, rejection.table) == (1, "alerts")
    assert rejection.reason.startswith(f"{name} is {moment.year}")
    assert rejection.reason.endswith(reason)
    assert rows("SELECT episode FROM alert") == [("one",)]
    assert rows("SELECT panel FROM panel") == [("PANEL-001",)]


async def test_an_alert_may_be_as_far_ahead_as_a_reading(send, rows):
    ahead = NOW + timedelta(minutes=5)

    await send(alerts=alerts_table([episode(raised_at=ahead, last_seen_at=ahead)]))

    assert rows("SELECT raised_at FROM alert") == [(ahead,)]


async def test_panel_metadata_is_touched_only_when_it_changes(send, rows):
    def table(model):
        return {
            "panel": Text.of(["PANEL-001", "PANEL-002"]),
            "model": Text.of([model, ""]),
            "group": Text.of(["roof", "roof"]),
            "rated_watts": np.array([420.0, np.nan]),
            "latitude": np.array([48.1, np.nan]),
            "longitude": np.array([11.6, np.nan]),
        }

    versions = "SELECT xmin::text FROM panel ORDER BY panel"
    await send(panels=table("M1"))
    first = rows(versions)
    await send(panels=table("M1"))
    unchanged = rows(versions)
    await send(panels=table("M2"))
    changed = rows(versions)

    assert unchanged == first
    assert (changed[0] != first[0], changed[1] == first[1]) == (True, True)
    assert rows("SELECT panel, model, rated_watts, panel_group FROM panel ORDER BY panel") == [
        ("PANEL-001", "M2", 420.0, "roof"),
        ("PANEL-002", None, None, "roof"),
    ]


async def test_weather_and_meter_are_stored_once_and_missing_values_are_null(send, rows):
    times = np.array([round(NOW.timestamp() - 60), round(NOW.timestamp())]) * 1_000_000
    weather = {
        "time_us": times,
        "irradiance_mw_m2": np.array([800_000, MISSING], np.int32),
        "ambient_mc": np.array([20_000, 20_100], np.int32),
        "wind_mm_s": np.array([2_000, 2_100], np.int32),
    }
    meter = {
        "time_us": times + np.array([0, 10**15]),
        "load_mw": np.array([3_000_000_000, 1]),
        "grid_mw": np.array([-5, 1]),
        "battery_mw": np.array([MISSING_I8, 1]),
        "battery_soc_thousandths": np.array([500, 1], np.int32),
    }
    for _ in range(2):
        receipt = await send(weather=weather, meter=meter)
        assert [(one.index, one.table) for one in receipt.rejected] == [(1, "meter")]

    assert rows("SELECT time, irradiance_mw_m2 FROM weather ORDER BY time") == [
        (NOW - timedelta(minutes=1), 800_000),
        (NOW, None),
    ]
    assert rows("SELECT load_mw, grid_mw, battery_mw FROM meter") == [(3_000_000_000, -5, None)]


async def test_the_newest_health_report_stays(send, rows):
    def table(minutes, text):
        at = round((NOW - timedelta(minutes=minutes)).timestamp() * 1e6)
        return {"time_us": np.array([at]), "report": Text.of([text])}

    await send(health=table(1, '{"queue": 2}'))
    await send(health=table(5, '{"queue": 9}'))

    assert rows("SELECT health, health_at, last_seen_at FROM gateway") == [
        ({"queue": 2}, NOW - timedelta(minutes=1), NOW)
    ]


async def test_what_a_panel_is_told_to_be_later_in_a_commit_completes_what_was_told_before(
    ingest, sender, rows
):
    def told(model, watts):
        return {
            "panel": Text.of(["PANEL-000"]),
            "model": Text.of([model]),
            "group": Text.of(["south"]),
            "rated_watts": np.array([watts]),
            "latitude": np.array([np.nan]),
            "longitude": np.array([np.nan]),
        }

    sent = body(
        segment(seq=(0, 0), panels=told("A", 300.0)), segment(seq=(1, 1), panels=told("", 400.0))
    )
    await ingest.segments(sent, sender=sender, now=NOW)

    assert rows("SELECT model, panel_group, rated_watts FROM panel") == [("A", "south", 400.0)]


async def test_a_stream_of_another_start_has_a_ledger_of_its_own(ingest, sender, rows):
    for number in (1, 2):
        sent = segment(readings(count=number), stream=UUID(int=number), seq=(0, 0))
        await ingest.segments(body(sent), sender=sender, now=NOW)

    assert rows("SELECT accepted FROM ledger ORDER BY stream") == [(2,), (2,)]
