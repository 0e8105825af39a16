"""What was stored in a moment, by site: what a page needs to know that there is something new."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np

from collector.batch import Outcome, Part
from shared.alerts import from_micros, to_micros
from shared.readings import MISSING

FRESH: Final = timedelta(minutes=2)
"""Readings older than this when they are stored are backlog: counted, not part of the power."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Readings of one site that were stored within a moment."""

    fresh: int
    """How many of them are at most two minutes old."""
    backlog: int
    """How many are older."""
    newest_us: int
    """The time of the newest, microseconds since 1970-01-01 UTC."""
    power_sum_mw: int
    """The sum of power over the fresh ones that have any,"""
    power_samples: int
    """and how many these are."""

    def merged(self, other: "Summary | None") -> "Summary":
        """Return the summary of both."""
        if other is None:
            return self
        return Summary(
            self.fresh + other.fresh,
            self.backlog + other.backlog,
            max(self.newest_us, other.newest_us),
            self.power_sum_mw + other.power_sum_mw,
            self.power_samples + other.power_samples,
        )

    def body(self, site: str) -> dict[str, Any]:
        """Return what is told of it."""
        mean = self.power_sum_mw / self.power_samples / 1000 if self.power_samples else None
        return {
            "site": site,
            "readings": self.fresh,
            "backlog_readings": self.backlog,
            "newest_at": from_micros(self.newest_us),
            "mean_panel_power_watts": mean,
        }


def summarise(
    parts: Sequence[Part], *, outcomes: Sequence[Outcome], now: datetime
) -> dict[int, Summary]:
    """Return the summaries of what was stored, by the keys of sites.

    Args:
        parts: What was to be stored,
        outcomes: and what became of each.
        now: The collector's time, UTC.
    """
    oldest_us = to_micros(now - FRESH)
    found: dict[int, Summary] = {}
    for part, outcome in zip(parts, outcomes, strict=True):
        if part.rows is None or not outcome.accepted:
            continue
        fresh = part.rows.time_us >= oldest_us
        power = part.rows.power_mw[fresh]
        power = power[power != MISSING]
        count = min(int(np.count_nonzero(fresh)), outcome.accepted)
        summary = Summary(
            fresh=count,
            backlog=outcome.accepted - count,
            newest_us=int(part.rows.time_us.max()),
            power_sum_mw=int(power.sum(dtype=np.int64)),
            power_samples=len(power),
        )
        found[part.site_key] = summary.merged(found.get(part.site_key))
    return found


def pack(summaries: Mapping[str, Summary], *, limit: int) -> Iterator[str]:
    """Yield texts of at most so many bytes that `unpack` reads.

    Args:
        summaries: By the ids of sites.
        limit: Bytes.
    """
    held: list[bytes] = []
    size = 0
    for site, one in summaries.items():
        text = msgspec.json.encode(
            (site, one.fresh, one.backlog, one.newest_us, one.power_sum_mw, one.power_samples)
        )
        if held and size + len(text) + 2 > limit:
            yield f"[{b','.join(held).decode()}]"
            held, size = [], 0
        held.append(text)
        size += len(text) + 1
    if held:
        yield f"[{b','.join(held).decode()}]"


def unpack(text: str) -> Iterable[tuple[str, Summary]]:
    """Yield what `pack` was given.

    Raises:
        msgspec.MsgspecError: It is not of this program's.
    """
    rows = msgspec.json.decode(text, type=list[tuple[str, int, int, int, int, int]])
    return [(site, Summary(*values)) for site, *values in rows]
