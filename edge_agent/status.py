"""The agent's state as a file others can read, and what is wrong with it in words."""

import os
import time
from pathlib import Path
from typing import Final

import msgspec

from edge_agent.errors import EdgeError

STALE_SECONDS: Final = 20.0
"""A running agent writes more often than this."""

_OLD_BACKLOG_SECONDS: Final = 3600.0
_CLOCK_SECONDS: Final = 60.0
_LARGE_SHARE: Final = 0.2
_FEW: Final = 3


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent is, at one moment; times are epoch seconds."""

    version: str
    """Of the agent."""
    pid: int
    """Of its process."""
    site: str
    """The site's id."""
    gateway_id: str | None
    """The gateway's id; None before enrolment."""
    started_at: float
    """When it started."""
    written_at: float
    """When this was written."""
    stopped: bool = False
    """Whether it has stopped on purpose."""

    broker: str
    """The MQTT broker."""
    broker_connected: bool
    """Whether it is there."""
    broker_trouble: str | None
    """Why not."""
    received_messages: int
    """MQTT messages since the start."""
    dropped_messages: int
    """Messages of QoS 0 for which there was no room."""
    retained_messages: int
    """Retained copies, which are no readings."""
    readings: int
    """Good readings since the start."""
    readings_per_second: float
    """Over the last interval."""

    collector: str
    """The collector's address."""
    collector_there: bool
    """Whether it answers."""
    collector_trouble: str | None
    """Why not."""
    collector_since: float
    """Since when it does, or does not."""
    receipt_at: float | None
    """When its last receipt came."""
    clock_offset_seconds: float
    """How far its clock is ahead of ours, where that mattered."""
    clock_trusted: bool = True
    """Whether our clock is believed."""
    clock_why: str = ""
    """Why, in words."""
    clock_since: float = 0.0
    """Since when."""
    clock_jumps: int = 0
    """How often it jumped."""
    held_segments: int = 0
    """Segments not sent until it is known what time they are from."""
    uploaded_rows: int
    """Rows with a receipt since the start."""
    uploaded_bytes: int
    """Their bytes as sent."""
    wire_bytes: int = 0
    """About how much went over the link since the start, with all that is around them."""
    month_bytes: int = 0
    """The same in this calendar month, where there is a budget."""
    month_allowed_bytes: int | None = None
    """What has accrued of the month's budget; None without one."""
    live_held: bool = False
    """Whether live data waits on disk because the budget has nothing for it now."""

    outbox: str
    """The outbox file."""
    outbox_segments: int
    """Segments on disk that wait for the collector."""
    outbox_rows: int
    """Rows in them."""
    outbox_bytes: int
    """Their bytes."""
    outbox_oldest_at: float | None
    """When the oldest of them came."""
    drained_in_seconds: float | None = None
    """When they will all be sent; None when nothing waits, or when that cannot be told."""
    backlog_grows: bool = False
    """Whether they do not become fewer."""
    outbox_full: bool
    """Whether there is no room left."""
    lost_rows: dict[str, int] = {}
    """Rows given up ever, by reason: thinned, over_size, over_age, disk_full and others."""
    lost_rows_now: dict[str, int] = {}
    """Those of them since the start."""
    disk_bytes_written: int | None = None
    """Bytes written to disk since the start, as the kernel counts; None where it does not."""
    disk_bytes_per_reading: float | None = None
    """The same for each good reading; None before the first."""
    outbox_damage: str | None = None
    """What became of a damaged outbox file, as long as that is kept."""
    waiting_rows: int
    """Rows in memory, on their way."""
    set_aside: int
    """Segments that are set aside: refused by the collector, or damaged."""
    quarantined: int
    """Readings put into the quarantine since the start."""
    quarantine_entries: int
    """Entries in it."""
    quarantine_dropped: int
    """Entries dropped because it was full, ever."""
    quarantine_dropped_now: int = 0
    """Entries dropped because it was full, since the start."""
    recent_readings: int = 0
    """Readings of the last minutes, good or quarantined."""
    recent_quarantined: int = 0
    """Those of them that were quarantined."""
    quarantine_reason: str | None
    """Why something last went there."""
    detector_trouble: str | None
    """Why the detector fails, if it does."""


def status_path(outbox: Path) -> Path:
    """Return where the status is: in RUNTIME_DIRECTORY if systemd gives one, else by the outbox."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(folder) / "status.json" if folder else outbox.with_name("status.json")


def write_status(path: Path, status: Status) -> None:
    """Replace the status file, so that a reader sees the old one or the new one, whole.

    Raises:
        EdgeError: It cannot be written.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(msgspec.json.encode(status))
        new.replace(path)
    except OSError as error:
        raise EdgeError(f"cannot write {path}: {error.strerror}") from error


def read_status(outbox: Path) -> Status | None:
    """Return the newest status of the agent with this outbox; None if it never ran."""
    usual = [outbox.with_name("status.json"), *Path("/run").glob("heliograph*/status.json")]
    found = [status for path in usual if (status := _read(path)) is not None]
    ours = [status for status in found if status.outbox == str(outbox)]
    return max(ours, key=lambda status: status.written_at, default=None)


def problems(status: Status, *, now: float) -> list[str]:
    """Say what is wrong, the gravest first; nothing means all is well.

    Args:
        status: As it was written.
        now: Epoch seconds.
    """
    age = now - status.written_at
    if status.stopped or age > STALE_SECONDS:
        how = "was stopped" if status.stopped else "is not running or hangs: no sign of life"
        return [f"the agent {how} since {_when(status.written_at)} ({age:.0f} s ago)"]
    old = status.outbox_oldest_at is not None and now - status.outbox_oldest_at > (
        _OLD_BACKLOG_SECONDS
    )
    checks = (
        (status.outbox_full, "the outbox is full: the broker holds readings back"),
        (
            not status.broker_connected,
            f"no MQTT broker: {status.broker_trouble or 'not connected yet'}",
        ),
        (
            status.broker_connected and status.broker_trouble is not None,
            f"MQTT: {status.broker_trouble}",
        ),
        (status.gateway_id is None, "not enrolled: `edge-agent enroll` does it"),
        (
            not status.collector_there,
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
        (sum(status.lost_rows_now.values()) > 0, _lost(status)),
        (old, f"the oldest unsent data is from {_when(status.outbox_oldest_at or 0)}"),
        (status.detector_trouble is not None, f"the detector fails: {status.detector_trouble}"),
        (
            status.set_aside > 0,
            (
                f"{status.set_aside} segments are set aside, refused by the collector or damaged: "
                "`edge-agent quarantine list` shows why"
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


def _much_is_quarantined(status: Status) -> bool:
    share = status.recent_quarantined / max(status.recent_readings, 1)
    return status.recent_quarantined >= _FEW and share >= _LARGE_SHARE


def _quarantined(status: Status) -> str:
    reason = status.quarantine_reason or ""
    hint = "; is the clock of this gateway, or of the panels, right?" * ("in the future" in reason)
    return (
        f"{status.recent_quarantined} of the last {status.recent_readings} readings were "
        f"quarantined, last: {reason}{hint} (`edge-agent quarantine list`)"
    )


def _lost(status: Status) -> str:
    words = {
        "thinned": "thinned to one-minute means because the outbox was full",
        "over_size": "given up because the outbox was full",
        "over_age": "given up because they were too old",
        "disk_full": "given up because the disk was full",
        "damaged": "lost to damage of the outbox file",
        "discarded": "discarded by hand",
    }
    parts = [f"{rows} {words.get(reason, reason)}" for reason, rows in status.lost_rows_now.items()]
    return f"rows lost since the start, and declared to the collector: {'; '.join(parts)}"


def _over_budget(status: Status) -> str:
    return (
        f"over the monthly budget: {status.month_bytes / 1e6:.1f} MB sent, "
        f"{(status.month_allowed_bytes or 0) / 1e6:.1f} MB have accrued; only alerts are sent, "
        f"{status.outbox_rows} rows are kept"
    )


def _clock(status: Status) -> str:
    held = f"{status.held_segments} segments are held back"
    return f"our clock is not trusted since {_when(status.clock_since)}: {status.clock_why}; {held}"


def _read(path: Path) -> Status | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(moment))
