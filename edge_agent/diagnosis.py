"""What is wrong with an agent, in words, by its status."""

import time
from collections.abc import Mapping
from typing import Final

from edge_agent.status import Status
from shared.losses import LossReason

STALE_SECONDS: Final = 20.0
"""A running agent writes its status more often than this."""

_OLD_BACKLOG_SECONDS: Final = 3600.0
_CLOCK_SECONDS: Final = 60.0
_LARGE_SHARE: Final = 0.2
_FEW: Final = 3
_LEAST_SHARE: Final = 0.5  # an outbox that is smaller has not reached its size


def problems(status: Status, *, now: float, running: bool | None = True) -> list[str]:
    """Say what is wrong, the gravest first; nothing means all is well.

    Args:
        status: As it was written.
        now: Epoch seconds.
        running: Whether the agent has its outbox open; None if that is not known.
    """
    age = now - status.written_at
    if status.stopped or running is False or age > STALE_SECONDS:
        how = (
            "was stopped: nothing is collected" if status.stopped
            else "runs but cannot write its status, or hangs," if running
            else "gives no sign of life" if running is None
            else "ended without being stopped; it gives no sign of life"
        )  # fmt: skip
        return [f"the agent {how} since {_when(status.written_at)} ({age:.0f} s ago)"]
    old = status.outbox_oldest_at is not None and now - status.outbox_oldest_at > (
        _OLD_BACKLOG_SECONDS
    )
    checks = (
        (status.outbox_full or _short_of_disk(status), _no_room(status)),
        (
            not status.broker_connected,
            f"no MQTT broker: {status.broker_trouble or 'not connected yet'}",
        ),
        (
            status.broker_connected and status.broker_trouble is not None,
            f"MQTT: {status.broker_trouble}",
        ),
        (
            status.gateway_id is None,
            (
                f"{status.identity_trouble or 'not enrolled: `edge-agent enroll` does it'}; "
                f"{status.outbox_rows} rows are kept"
            ),
        ),
        (
            not status.collector_there and status.gateway_id is not None,
            (
                f"no collector since {_when(status.collector_since)}: "
                f"{status.collector_trouble or 'nothing sent yet'}; "
                f"{status.outbox_rows} rows are kept"
            ),
        ),
        (status.live_held, _over_budget(status)),
        (_much_is_quarantined(status), _quarantined(status)),
        (
            status.quarantine_dropped_now > 0,
            (
                f"the quarantine is full: {status.quarantine_dropped_now} entries of it were "
                "dropped since the start"
            ),
        ),
        (bool(status.lost_rows_now or status.lost_uncounted_now), _lost(status)),
        (old, f"the oldest unsent data is from {_when(status.outbox_oldest_at or 0)}"),
        (status.detector_trouble is not None, f"the detector fails: {status.detector_trouble}"),
        (_model_trouble(status) is not None, _model_trouble(status) or ""),
        (
            status.set_aside > 0,
            (
                f"{status.set_aside} pieces of data were refused by the collector or are damaged, "
                "and are kept apart: `edge-agent quarantine list` shows why"
            ),
        ),
        (status.outbox_damage is not None, status.outbox_damage or ""),
        (
            status.dropped_messages > 0,
            f"{status.dropped_messages} messages of QoS 0 were lost for want of room; use QoS 1",
        ),
        (not status.clock_trusted, _clock(status)),
        (
            abs(status.clock_offset_seconds) > _CLOCK_SECONDS,
            f"our clock differs from the collector's by {status.clock_offset_seconds:+.0f} s",
        ),
    )
    return [text for wrong, text in checks if wrong]


def _short_of_disk(status: Status) -> bool:
    disk = status.disk
    return disk is not None and disk.free_bytes < disk.min_free_megabytes * 1e6


def _no_room(status: Status) -> str:
    """Say which limit leaves the outbox no room, and what helps."""
    disk = status.disk
    full = "the outbox is full, the broker holds readings back: "
    if disk is None:
        return f"{full}look whether its disk has room"
    has = f"the disk of {status.outbox} has {disk.free_bytes / 1e6:.1f} MB free"
    if _short_of_disk(status):
        what = full if status.outbox_full else "the outbox cannot grow: "
        return (
            f"{what}{has}, less than min_free_megabytes = {disk.min_free_megabytes}; "
            "make room on that disk"
        )
    if disk.file_bytes < _LEAST_SHARE * disk.max_megabytes * 1e6:
        return f"{full}{has} and takes no more; make room on that disk"
    return (
        f"{full}it has reached max_megabytes = {disk.max_megabytes}, and {has}; see that the "
        "collector takes what waits, or allow more if the disk has it"
    )


def _model_trouble(status: Status) -> str | None:
    return None if status.model is None else status.model.trouble


def _much_is_quarantined(status: Status) -> bool:
    share = status.recent_quarantined / max(status.recent_readings, 1)
    much = status.recent_quarantined >= _FEW and share >= _LARGE_SHARE
    return much and status.quarantine_entries > 0  # whoever discarded them has seen them


def _quarantined(status: Status) -> str:
    reason = status.quarantine_reason or ""
    hint = "; is the clock of this gateway, or of the panels, right?" * ("in the future" in reason)
    return (
        f"{status.recent_quarantined} of the last {status.recent_readings} readings were "
        f"quarantined, last: {reason}{hint} (`edge-agent quarantine list`)"
    )


def losses_in_words(lost: Mapping[str, int], *, uncounted: Mapping[str, int]) -> str:
    """Return how many rows were lost, and why; empty if none were.

    Args:
        lost: Rows by reason; damage of unknown extent counts none, and yet is there.
        uncounted: Ranges by reason of which nobody knows how many rows they had.
    """
    words = {
        "thinned": "thinned to one-minute means because the outbox was full",
        "over_size": "given up because the outbox was full",
        "over_age": "given up because they were too old",
        "disk_full": "given up because the disk was full",
        "damaged": "lost to damage of the outbox file",
        "discarded": "discarded by hand",
    }
    return "; ".join(
        f"{_number(lost.get(why, 0), unknown=uncounted.get(why, 0))} {words.get(why, why)}"
        for why in {**lost, **uncounted}
        if lost.get(why) or uncounted.get(why) or why == LossReason.DAMAGED
    )


def _number(rows: int, *, unknown: int) -> str:
    if not rows:
        return "an unknown number"
    return f"{rows} and an unknown number more" if unknown else str(rows)


def _lost(status: Status) -> str:
    lost = losses_in_words(status.lost_rows_now, uncounted=status.lost_uncounted_now)
    return f"rows lost since the start, and declared to the collector: {lost}"


def _over_budget(status: Status) -> str:
    return (
        f"over the monthly budget: {status.month_bytes / 1e6:.1f} MB sent, "
        f"{(status.month_allowed_bytes or 0) / 1e6:.1f} MB have accrued; only alerts are sent, "
        f"{status.outbox_rows} rows are kept"
    )


def _clock(status: Status) -> str:
    held = f"{status.held_segments} pieces of data are held back until it is"
    return f"our clock is not trusted since {_when(status.clock_since)}: {status.clock_why}; {held}"


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(moment))
