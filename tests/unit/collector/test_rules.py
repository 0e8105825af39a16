"""What the collector's rules find, and what they leave alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.rules.findings import RECOMMENDATIONS, Kind
from collector.rules.gateways import GatewayFacts, judge_reports, judge_silence, silent
from collector.rules.yields import SitePower, judge_darkness, judge_yields
from shared.alerts import Severity

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 1, 23, tzinfo=UTC)
LIMIT = timedelta(minutes=15)
EVER = datetime(2026, 1, 1, tzinfo=UTC)
GATEWAY = GatewayFacts(
    gateway_key=1,
    gateway="gw-1",
    site_key=7,
    latitude=52.5,
    longitude=13.4,
    last_seen_at=NOON,
    silent_since=None,
    health_at=NOON,
    clock_offset_seconds=0.2,
    backlog_rows=0,
    backlog_oldest_at=None,
    backlog_grows=False,
    buffer_full=False,
    lost_rows=0,
    lost_declarations=0,
    lost_reasons=(),
    lost_at=None,
)
SITE = SitePower(
    site_key=1,
    latitude=52.5,
    longitude=13.4,
    panels=10,
    mean_panel_watts=200.0,
    rated_panel_watts=400.0,
    covered_seconds=86_400.0,
)


@pytest.mark.parametrize(
    ("now", "minutes", "changes", "expected"),
    [
        (NOON, 14, {}, False),
        (NOON, 16, {}, True),
        (MIDNIGHT, 16, {}, False),
        (MIDNIGHT, 121, {}, True),
        (MIDNIGHT, 16, {"latitude": None}, True),
        (MIDNIGHT, 16, {"silent_since": EVER}, True),
    ],
)
def test_a_gateway_is_silent_sooner_by_day(now, minutes, changes, expected):
    one = replace(GATEWAY, last_seen_at=now - timedelta(minutes=minutes), **changes)
    found = silent([one], now=now, limit=LIMIT, watching_since=EVER)
    assert bool(found) is expected


def test_nobody_is_silent_before_a_collector_could_have_heard_of_it():
    one = replace(GATEWAY, last_seen_at=NOON - timedelta(hours=5))
    assert silent([one], now=NOON, limit=LIMIT, watching_since=NOON - LIMIT) == []


def test_a_site_all_of_whose_gateways_are_silent_is_told_of_instead_of_them():
    two = replace(GATEWAY, gateway_key=2, gateway="gw-2")
    (one_silent,) = judge_silence([GATEWAY, two], quiet=[two])
    (all_silent,) = judge_silence([GATEWAY, two], quiet=[GATEWAY, two])
    assert (one_silent.kind, one_silent.title) == (Kind.GATEWAY_SILENT, "Silent: gw-2")
    assert (all_silent.kind, all_silent.severity) == (Kind.SITE_SILENT, Severity.HIGH)


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({"clock_offset_seconds": -11.0}, Kind.CLOCK_DRIFT, Severity.LOW),
        ({"clock_offset_seconds": 90.0}, Kind.CLOCK_DRIFT, Severity.MEDIUM),
        ({"buffer_full": True}, Kind.BUFFER_FILLING, Severity.HIGH),
        (
            {"backlog_grows": True, "backlog_oldest_at": NOON - timedelta(hours=2)},
            Kind.BUFFER_FILLING,
            Severity.MEDIUM,
        ),
        (
            {"lost_at": NOON, "lost_rows": 5, "lost_reasons": ("damaged", "thinned")},
            Kind.DATA_LOST,
            Severity.MEDIUM,
        ),
        ({"lost_at": NOON, "lost_reasons": ("thinned",)}, Kind.DATA_LOST, Severity.LOW),
    ],
)
def test_a_report_is_judged(changes, kind, severity):
    (found,) = judge_reports([replace(GATEWAY, **changes)], now=NOON)
    assert (found.kind, found.severity, found.site_key) == (kind, severity, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"clock_offset_seconds": 9.0},
        {"clock_offset_seconds": 90.0, "health_at": NOON - timedelta(hours=2)},
        {"backlog_grows": True, "backlog_oldest_at": NOON - timedelta(minutes=5)},
    ],
)
def test_a_report_that_is_fine_or_old_is_left_alone(changes):
    assert judge_reports([replace(GATEWAY, **changes)], now=NOON) == []


@pytest.mark.parametrize(
    ("now", "changes", "expected"),
    [
        (NOON, {"mean_panel_watts": 3.9}, True),
        (NOON, {"mean_panel_watts": 4.1}, False),
        (NOON, {"mean_panel_watts": 1.9, "rated_panel_watts": None}, True),
        (NOON, {"mean_panel_watts": 0.0, "latitude": None}, False),
        (MIDNIGHT, {"mean_panel_watts": 0.0}, False),
    ],
)
def test_a_site_is_down_when_it_gives_nothing_in_the_sun(now, changes, expected):
    found = judge_darkness([replace(SITE, **changes)], start=now - LIMIT, end=now)
    assert [one.severity for one in found] == ([Severity.CRITICAL] if expected else [])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mean_panel_watts": 130.0}, True),
        ({"mean_panel_watts": 150.0}, False),
        ({"mean_panel_watts": 65.0, "rated_panel_watts": 200.0}, True),
        ({"mean_panel_watts": 100.0, "rated_panel_watts": 200.0}, False),
        ({"mean_panel_watts": 130.0, "latitude": 54.0}, False),
        ({"mean_panel_watts": 130.0, "covered_seconds": 40_000.0}, False),
        ({"mean_panel_watts": 130.0, "rated_panel_watts": None}, False),
    ],
)
def test_a_site_is_compared_with_those_around_it_that_were_heard_as_long(changes, expected):
    others = [replace(SITE, site_key=key, longitude=13.4 + key / 20) for key in (2, 3, 4)]
    found = judge_yields([replace(SITE, **changes), *others], since=NOON)
    assert [one.site_key for one in found] == ([1] if expected else [])


def test_few_neighbours_judge_nobody():
    sites = [replace(SITE, site_key=key) for key in (2, 3)]
    assert judge_yields([replace(SITE, mean_panel_watts=10.0), *sites], since=NOON) == []


def test_every_kind_says_what_to_do():
    assert set(RECOMMENDATIONS) == set(Kind)
