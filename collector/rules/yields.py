"""Rules over what sites give: nothing in the sun, or much less than the sites around."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.rules.daylight import elevations
from collector.rules.findings import Finding, Kind
from shared.alerts import Severity

SUN_DEGREES: Final = 10.0
"""The sun is up in earnest."""
DEAD_SHARE: Final = 0.01
"""Of rated power; an overcast sky at that elevation still gives three times as much."""
DEAD_WATTS: Final = 2.0
"""The same for a panel whose rating is not known."""
NEAR_KM: Final = 50.0
"""Sites this near have the same weather over a day."""
NEIGHBOURS: Final = 3
"""So many are needed to judge by."""
OUTLIER_RATIO: Final = 0.7
"""Of the median of the sites around."""
_ALIKE_COVERAGE: Final = 0.8
_EARTH_KM: Final = 6371.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePower:
    """What a site gave over some time."""

    site_key: int
    """The site."""
    latitude: float | None
    """Degrees north."""
    longitude: float | None
    """Degrees east."""
    panels: int
    """Panels that told their power, the most at once."""
    mean_panel_watts: float
    """Mean power of one of them."""
    rated_panel_watts: float | None
    """Mean rated power of the site's panels whose rating is known."""
    covered_seconds: float
    """Mean time of which a panel told its power."""


def judge_darkness(sites: Sequence[SitePower], *, start: datetime, end: datetime) -> list[Finding]:
    """Return the sites that give nothing while the sun is up.

    Args:
        sites: What they gave from ``start`` to ``end``.
        start: UTC.
        end: UTC.
    """
    places = [(one.latitude, one.longitude) for one in sites]
    sunny = np.minimum(elevations(places, at=start), elevations(places, at=end)) > SUN_DEGREES
    return [
        Finding(
            site_key=one.site_key,
            kind=Kind.SITE_DOWN,
            severity=Severity.CRITICAL,
            title="The whole site gives nothing in the sun",
            since=start,
            details={
                "mean_panel_power_watts": one.mean_panel_watts,
                "panels": one.panels,
                "limit_watts": _dead_watts(one),
            },
        )
        for one, in_sun in zip(sites, sunny.tolist(), strict=True)
        if in_sun and one.mean_panel_watts < _dead_watts(one)
    ]


def judge_yields(sites: Sequence[SitePower], *, since: datetime) -> list[Finding]:
    """Return the sites that gave much less for their size than the median of those around them.

    Sites that were heard for much less time than these are left out: what is missing is no fault.
    """
    known = [
        one
        for one in sites
        if one.rated_panel_watts and one.latitude is not None and one.longitude is not None
    ]
    if len(known) <= NEIGHBOURS:
        return []
    shares = np.array([one.mean_panel_watts / (one.rated_panel_watts or 1.0) for one in known])
    covered = np.array([one.covered_seconds for one in known])
    near = _distances_km(known) < NEAR_KM
    np.fill_diagonal(near, val=False)
    findings = []
    for number, one in enumerate(known):
        if near[number].sum() < NEIGHBOURS:
            continue
        if covered[number] < _ALIKE_COVERAGE * np.median(covered[near[number]]):
            continue
        usual = float(np.median(shares[near[number]]))
        if usual > 0 and shares[number] < OUTLIER_RATIO * usual:
            ratio = float(shares[number]) / usual
            findings.append(
                Finding(
                    site_key=one.site_key,
                    kind=Kind.FLEET_OUTLIER,
                    severity=Severity.MEDIUM,
                    title=f"Over a day it gave {ratio:.0%} of what the sites around it gave",
                    since=since,
                    details={
                        "ratio": ratio,
                        "sites_around": int(near[number].sum()),
                        "within_kilometres": NEAR_KM,
                    },
                )
            )
    return findings


def _dead_watts(one: SitePower) -> float:
    return DEAD_SHARE * one.rated_panel_watts if one.rated_panel_watts else DEAD_WATTS


def _distances_km(sites: Sequence[SitePower]) -> NDArray[np.float64]:
    """Return great-circle distances, shape ``(n, n)``."""
    north = np.radians([one.latitude or 0.0 for one in sites])
    east = np.radians([one.longitude or 0.0 for one in sites])
    half = (
        np.sin((north[:, None] - north) / 2) ** 2
        + np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2) ** 2
    )
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))
