"""Running the collector's rules: what they find becomes alert episodes, as a gateway's would."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from collector.database.engine import Database
from collector.database.rule_alerts import store_episodes
from collector.queries import rules as facts
from collector.queries.jobs import note_time, noted_time
from collector.queries.rules import OpenAlert
from collector.rules.findings import RECOMMENDATIONS, Finding, Kind
from collector.rules.gateways import judge_reports, judge_silence, silent
from collector.rules.yields import judge_darkness, judge_yields
from shared.alerts import Episode, Severity

UPDATE_AFTER: Final = timedelta(minutes=10)
"""What goes on unchanged is told of again after this time."""
AWAY: Final = timedelta(minutes=3)
"""When the rules did not run for this long, no collector was there to hear a gateway."""
DARK_MINUTES: Final = timedelta(minutes=15)
SETTLED: Final = timedelta(minutes=5)
"""Minutes younger than this may still be on their way."""
_WATCHING: Final = "watching"
_OF_GATEWAYS: Final = [
    Kind.GATEWAY_SILENT,
    Kind.SITE_SILENT,
    Kind.CLOCK_DRIFT,
    Kind.BUFFER_FILLING,
    Kind.DATA_LOST,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is allowed before somebody is told."""

    silent: timedelta = timedelta(minutes=15)
    """How long a gateway may say nothing by day."""
    escalate: timedelta = timedelta(hours=1)
    """How long an alert may be open before it is told of again; 0 for ever."""
    reopen: timedelta = timedelta(hours=1)
    """How long after it was resolved an alert that lasts is opened again."""


async def judge_gateways(
    database: Database, *, limits: Limits, ran_at: datetime | None, now: datetime
) -> None:
    """Look at what gateways report, and at those that do not.

    Args:
        database: Where it is.
        limits: What is allowed.
        ran_at: When this was done last, UTC; None for the first time.
        now: The collector's time, UTC.

    Raises:
        DatabaseError: The database is away.
    """
    since = await noted_time(database, name=_WATCHING)
    if since is None or ran_at is None or now - ran_at > AWAY:
        since = now
        await note_time(database, name=_WATCHING, at=now)
    gateways = await facts.gateway_facts(database, now=now)
    quiet = silent(gateways, now=now, limit=limits.silent, watching_since=since)
    if quiet:
        keys = [one.gateway_key for one in quiet]
        await facts.note_silence(database, keys=keys, heard_before=now - limits.silent)
    findings = [*judge_silence(gateways, quiet=quiet), *judge_reports(gateways, now=now)]
    await keep(database, findings=findings, kinds=_OF_GATEWAYS, now=now)


async def judge_power(database: Database, *, now: datetime) -> None:
    """Look for sites that give nothing in the sun.

    Raises:
        DatabaseError: The database is away.
    """
    end = (now - SETTLED).replace(second=0, microsecond=0)
    start = end - DARK_MINUTES
    power = await facts.site_power(database, level="1m", start=start, end=end)
    findings = judge_darkness(power, start=start, end=end)
    await keep(database, findings=findings, kinds=[Kind.SITE_DOWN], now=now)


async def judge_fleet(database: Database, *, now: datetime) -> None:
    """Compare what sites gave over a day.

    Raises:
        DatabaseError: The database is away.
    """
    end = now.replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=1)
    power = await facts.site_power(database, level="1h", start=start, end=end)
    findings = judge_yields(power, since=start)
    await keep(database, findings=findings, kinds=[Kind.FLEET_OUTLIER], now=now)


async def handle_lasting(database: Database, *, limits: Limits, now: datetime) -> None:
    """Open again, unmute and escalate what lasts.

    Raises:
        DatabaseError: The database is away.
    """
    await facts.reopen_lasting(database, after=limits.reopen, now=now)
    await facts.unmute_lasting(database, now=now)
    if limits.escalate:
        await facts.escalate(database, after=limits.escalate, now=now)


async def keep(
    database: Database, *, findings: Sequence[Finding], kinds: list[Kind], now: datetime
) -> None:
    """Raise what is new, update what lasts, clear what is over.

    Args:
        database: Where alerts are kept.
        findings: What is wrong now; at most one of a kind at a site.
        kinds: The kinds that were looked for.
        now: The collector's time, UTC.

    Raises:
        DatabaseError: The database is away.
    """
    lasting = {
        (one.site_key, one.alert_type): one
        for one in await facts.open_alerts(database, kinds=kinds)
    }
    found = {(one.site_key, one.kind): one for one in findings}
    due: defaultdict[int, list[Episode]] = defaultdict(list)
    for (site, kind), open_alert in lasting.items():
        if (site, kind) not in found:
            due[site].append(_cleared(open_alert, now=now))
    for place, finding in found.items():
        if (episode := _told(finding, known=lasting.get(place), now=now)) is not None:
            due[finding.site_key].append(episode)
    for site, episodes in due.items():
        await store_episodes(database, site_key=site, episodes=episodes, now=now)


def _told(finding: Finding, *, known: OpenAlert | None, now: datetime) -> Episode | None:
    """Return the state to tell; None when it was told a moment ago."""
    same = (
        known is not None
        and known.severity.rank >= finding.severity.rank
        and known.title == finding.title
    )
    if known is not None and same and now - known.last_seen_at < UPDATE_AFTER:
        return None
    return Episode(
        episode=known.episode if known else f"rule:{finding.kind}:{uuid4()}",
        panel=None,
        alert_type=finding.kind,
        severity=finding.severity,
        title=finding.title,
        recommendation=RECOMMENDATIONS[finding.kind],
        details=finding.details,
        raised_at=min(finding.since, now),
        last_seen_at=now,
    )


def _cleared(known: OpenAlert, *, now: datetime) -> Episode:
    return Episode(
        episode=known.episode,
        panel=None,
        alert_type=known.alert_type,
        severity=Severity(known.severity),
        title=known.title,
        recommendation=RECOMMENDATIONS[known.alert_type],
        details=known.details,
        raised_at=known.raised_at,
        last_seen_at=now,
        cleared_at=now,
    )
