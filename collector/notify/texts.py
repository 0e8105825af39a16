"""What a message says: one alert in full, several as a digest, late ones as a count."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from collector.queries.notifications import Due

LINES: Final = 30
"""How many lines a digest has at most."""
_WORDS: Final = {
    "raised": "",
    "caught_up": "still lasts: ",
    "worsened": "worse: ",
    "cleared": "over: ",
    "reopened": "again: ",
    "escalated": "nobody has taken it: ",
    "unmuted": "goes on after the work: ",
}


def message(due: Sequence[Due]) -> tuple[str, str]:
    """Return a title and a text.

    Args:
        due: What is to be told, at least one, in order.
    """
    now, late = [one for one in due if not one.late], [one for one in due if one.late]
    if len(due) == 1 and now:
        return _headline(now[0]), _in_full(now[0])
    lines = [*map(_line, now[:LINES])]
    if len(now) > LINES:
        lines.append(f"… and {len(now) - LINES} more")
    lines += _late_lines(late)
    return _title(now, late), "\n".join(lines)


def _headline(one: Due) -> str:
    return f"[{one.severity}] {_where(one)}: {_WORDS.get(one.action, '')}{one.title}"


def _in_full(one: Due) -> str:
    facts = [
        one.recommendation,
        f"Since {_time(one.raised_at)}, alert {one.alert}.",
    ]
    if one.cleared_at is not None:
        facts.append(f"Over since {_time(one.cleared_at)}.")
    return "\n".join(facts)


def _line(one: Due) -> str:
    return f"{_headline(one)} (since {_time(one.raised_at)}, alert {one.alert})"


def _late_lines(late: Sequence[Due]) -> list[str]:
    by_site: defaultdict[str, list[Due]] = defaultdict(list)
    for one in late:
        by_site[one.site].append(one)
    return [
        f"Arrived late from {site}: {len(some)}, of {_time(min(one.raised_at for one in some))} to "
        f"{_time(max(one.raised_at for one in some))}"
        for site, some in sorted(by_site.items())[:LINES]
    ]


def _title(now: Sequence[Due], late: Sequence[Due]) -> str:
    if not now:
        return f"{len(late)} alerts arrived late"
    counts = Counter(one.severity for one in now)
    kinds = ", ".join(
        f"{counts[severity]} {severity}"
        for severity in sorted(counts, key=lambda severity: -severity.rank)
    )
    return f"{len(now)} changes of alerts: {kinds}"


def _where(one: Due) -> str:
    return f"{one.site} / {one.panel_id}" if one.panel_id else one.site


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
