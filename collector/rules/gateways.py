"""Rules over what gateways report: silence, clocks, buffers, losses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.rules.daylight import elevations, is_dark
from collector.rules.findings import Finding, Kind
from shared.alerts import Severity

DARK_FACTOR: Final = 8
"""In the dark a gateway may be silent so many times longer: those fed by the array are then off."""
CLOCK_SECONDS: Final = 10.0
"""A clock that is further off is told of,"""
BAD_CLOCK_SECONDS: Final = 60.0
"""and one that is this far off matters."""
OLD_BACKLOG: Final = timedelta(hours=1)
"""A backlog that grows is told of when its oldest row is this old."""
LOSSES_FOR: Final = timedelta(hours=24)
"""For how long a declared loss is told of."""
_REPORT_FOR: Final = timedelta(hours=1)
_ON_PURPOSE: Final = frozenset({"thinned", "discarded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """What is known of a gateway that was ever heard."""

    gateway_key: int
    """Its key."""
    gateway: str
    """Its id."""
    site_key: int
    """Its site's key."""
    latitude: float | None
    """Of the site, degrees north."""
    longitude: float | None
    """Of the site, degrees east."""
    last_seen_at: datetime
    """When it was heard last, UTC."""
    silent_since: datetime | None
    """Since when it is called silent, UTC; None when it is not."""
    health_at: datetime | None
    """When it reported on itself, UTC."""
    clock_offset_seconds: float | None
    """How far our clock is ahead of its own."""
    backlog_rows: int | None
    """Rows on its disk that wait for us."""
    backlog_oldest_at: datetime | None
    """When the oldest of them came, UTC."""
    backlog_grows: bool | None
    """Whether they do not become fewer."""
    buffer_full: bool
    """Whether there is no room for more."""
    lost_rows: int
    """Rows declared lost in the last day, as far as counted."""
    lost_declarations: int
    """In how many declarations,"""
    lost_reasons: tuple[str, ...]
    """why,"""
    lost_at: datetime | None
    """and when the first of these came, UTC."""


def silent(
    gateways: Sequence[GatewayFacts], *, now: datetime, limit: timedelta, watching_since: datetime
) -> list[GatewayFacts]:
    """Return the gateways that are silent; who was stays so until it is heard.

    Args:
        gateways: All.
        now: The collector's time, UTC.
        limit: How long one may say nothing by day; in the dark `DARK_FACTOR` times as long.
        watching_since: Since when the collector has been there to hear them.
    """
    dark = is_dark(elevations([(one.latitude, one.longitude) for one in gateways], at=now))
    return [
        one
        for one, is_night in zip(gateways, dark.tolist(), strict=True)
        if one.silent_since is not None
        or now - max(one.last_seen_at, watching_since) > limit * (DARK_FACTOR if is_night else 1)
    ]


def judge_silence(
    gateways: Sequence[GatewayFacts], *, quiet: Sequence[GatewayFacts]
) -> list[Finding]:
    """Return one finding for each site some or all of whose gateways are silent."""
    known = defaultdict(list)
    for one in gateways:
        known[one.site_key].append(one)
    findings = []
    for site, silent_ones in _by_site(quiet):
        names = ", ".join(sorted(one.gateway for one in silent_ones))
        everything = len(silent_ones) == len(known[site])
        since = (max if everything else min)(one.last_seen_at for one in silent_ones)
        findings.append(
            Finding(
                site_key=site,
                kind=Kind.SITE_SILENT if everything else Kind.GATEWAY_SILENT,
                severity=Severity.HIGH if everything else Severity.MEDIUM,
                title="Nothing is heard of the site" if everything else f"Silent: {names}",
                since=since,
                details={"gateways": sorted(one.gateway for one in silent_ones)},
            )
        )
    return findings


def judge_reports(gateways: Sequence[GatewayFacts], *, now: datetime) -> list[Finding]:
    """Return what gateways report that a person should know: clocks, buffers, losses."""
    current = [
        one for one in gateways if one.health_at is not None and now - one.health_at < _REPORT_FOR
    ]
    return [*_clocks(current, now=now), *_buffers(current, now=now), *_losses(gateways)]


def _clocks(gateways: Iterable[GatewayFacts], *, now: datetime) -> Iterable[Finding]:
    off = [one for one in gateways if abs(one.clock_offset_seconds or 0.0) > CLOCK_SECONDS]
    for site, wrong in _by_site(off):
        offsets = {one.gateway: -(one.clock_offset_seconds or 0.0) for one in wrong}
        worst = max(offsets, key=lambda name: abs(offsets[name]))
        bad = abs(offsets[worst]) > BAD_CLOCK_SECONDS
        yield Finding(
            site_key=site,
            kind=Kind.CLOCK_DRIFT,
            severity=Severity.MEDIUM if bad else Severity.LOW,
            title=f"The clock of {worst} is {offsets[worst]:+.0f} s off",
            since=now,
            details={"offset_seconds": offsets},
        )


def _buffers(gateways: Iterable[GatewayFacts], *, now: datetime) -> Iterable[Finding]:
    filling = [one for one in gateways if one.buffer_full or _grows(one, now=now)]
    for site, some in _by_site(filling):
        full = [one.gateway for one in some if one.buffer_full]
        names = ", ".join(full or sorted(one.gateway for one in some))
        yield Finding(
            site_key=site,
            kind=Kind.BUFFER_FILLING,
            severity=Severity.HIGH if full else Severity.MEDIUM,
            title=f"The buffer of {names} {'is full' if full else 'grows'}",
            since=min((one.backlog_oldest_at or now) for one in some),
            details={"backlog_rows": {one.gateway: one.backlog_rows for one in some}},
        )


def _grows(one: GatewayFacts, *, now: datetime) -> bool:
    oldest = one.backlog_oldest_at
    return bool(one.backlog_grows) and oldest is not None and now - oldest > OLD_BACKLOG


def _losses(gateways: Iterable[GatewayFacts]) -> Iterable[Finding]:
    for site, some in _by_site([one for one in gateways if one.lost_at is not None]):
        reasons = sorted({reason for one in some for reason in one.lost_reasons})
        rows = sum(one.lost_rows for one in some)
        yield Finding(
            site_key=site,
            kind=Kind.DATA_LOST,
            severity=Severity.LOW if _ON_PURPOSE.issuperset(reasons) else Severity.MEDIUM,
            title=f"{rows} rows are lost for good: {', '.join(reasons)}",
            since=min(one.lost_at for one in some if one.lost_at is not None),
            details={
                "lost_rows": rows,
                "declarations": sum(one.lost_declarations for one in some),
                "reasons": reasons,
                "gateways": sorted(one.gateway for one in some),
            },
        )


def _by_site(gateways: Iterable[GatewayFacts]) -> Iterable[tuple[int, list[GatewayFacts]]]:
    found: defaultdict[int, list[GatewayFacts]] = defaultdict(list)
    for one in gateways:
        found[one.site_key].append(one)
    return found.items()
