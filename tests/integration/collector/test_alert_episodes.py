"""Episodes of several gateways, late ones, and those during planned work."""

from datetime import timedelta

import msgspec
import pytest

from integration.collector.bodies import NOW, add_gateway, body, segment
from shared.alerts import Episode, Severity, alerts_table

RAISED = NOW - timedelta(minutes=5)
ONE = Episode(
    episode="one",
    panel="PANEL-001",
    alert_type="over_temperature",
    severity=Severity.MEDIUM,
    title="Hot",
    recommendation="Look",
    raised_at=RAISED,
    last_seen_at=RAISED,
)
TOLD = "SELECT action FROM alert_history ORDER BY entry"


def episode(**changes):
    return msgspec.structs.replace(ONE, **changes)


@pytest.fixture
def tell(ingest, postgres_url):
    """`tell(gateway, episode)`: a gateway of alpha tells a state, now."""
    senders, sequence = {}, iter(range(100))

    async def tell(gateway, state, *, now=NOW):
        if gateway not in senders:
            senders[gateway] = add_gateway(postgres_url, site="alpha", gateway=gateway)
        at = next(sequence)
        sent = body(segment(seq=(at, at), alerts=alerts_table([state])))
        receipt = await ingest.segments(sent, sender=senders[gateway], now=now)
        assert receipt.segments[0].status == "stored"

    return tell


async def test_two_gateways_that_see_the_same_have_one_alert_until_both_say_it_is_over(tell, rows):
    end = NOW - timedelta(minutes=1)
    await tell("gw-1", episode())
    await tell("gw-2", episode(episode="two"))
    await tell("gw-1", episode(last_seen_at=end, cleared_at=end))
    assert rows("SELECT state, cleared_at FROM alert") == [("open", None)]

    await tell("gw-2", episode(episode="two", last_seen_at=NOW, cleared_at=NOW))
    assert rows("SELECT state, cleared_at FROM alert") == [("resolved", NOW)]
    assert rows(TOLD) == [("raised",), ("cleared",)]


async def test_a_gateway_that_fell_silent_does_not_hold_an_alert_for_ever(tell, rows):
    past = NOW - timedelta(hours=5)
    await tell("gw-1", episode(raised_at=past, last_seen_at=past))
    await tell("gw-2", episode(episode="two", raised_at=past, last_seen_at=past))
    await tell("gw-2", episode(episode="two", raised_at=past, last_seen_at=NOW, cleared_at=NOW))
    assert rows("SELECT state FROM alert") == [("resolved",)]


async def test_a_severity_that_rises_is_noted_once(tell, rows):
    worse = episode(severity=Severity.CRITICAL, last_seen_at=NOW)
    await tell("gw-1", episode())
    await tell("gw-1", worse)
    await tell("gw-1", worse)
    assert rows("SELECT action, severity FROM alert_history ORDER BY entry") == [
        ("raised", "medium"),
        ("worsened", "critical"),
    ]


async def test_an_alert_of_the_past_is_late_until_it_turns_out_to_last(tell, rows):
    past = NOW - timedelta(hours=3)
    await tell("gw-1", episode(raised_at=past, last_seen_at=past))
    assert rows("SELECT late, received_at, raised_at FROM alert") == [(True, NOW, past)]

    await tell("gw-1", episode(raised_at=past, last_seen_at=NOW))
    assert rows("SELECT late FROM alert") == [(False,)]
    assert rows(TOLD) == [("raised",), ("caught_up",)]


async def test_an_alert_during_planned_work_is_muted_at_its_panel_alone(tell, rows):
    add = (
        "INSERT INTO maintenance (site_key, panel_key, from_at, to_at, why, created_at, "
        "created_by) SELECT site_key, panel_key, %s, %s, '', now(), '' FROM panel RETURNING 1"
    )
    await tell("gw-1", episode(alert_type="flatline"))
    rows(add, RAISED, NOW)
    await tell("gw-1", episode(episode="two"))
    await tell("gw-1", episode(episode="three", panel="PANEL-002"))
    await tell("gw-1", episode(episode="four", alert_type="zero_power", raised_at=NOW))
    assert rows("SELECT episode, muted FROM alert ORDER BY alert_key") == [
        ("one", False),
        ("two", True),
        ("three", False),
        ("four", False),
    ]
