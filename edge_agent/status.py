"""The agent's state, as a file others can read; `edge_agent.diagnosis` puts it in words."""

import errno
import os
from pathlib import Path

import msgspec

from edge_agent.errors import EdgeError


class ModelStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which model is in use, and how the one on trial does; times are epoch seconds."""

    in_use: str | None
    """The version that names the faults; None for the rules alone."""
    source: str
    """``shipped`` with the agent, ``collector``, or ``rules``."""
    since: float | None = None
    """Since when it is in use; None for always."""
    call_milliseconds: float | None = None
    """What 95 of 100 of its calls stay below."""
    trouble: str | None = None
    """What became of a model that was offered, or why there is none."""
    candidate: str | None = None
    """The version on trial beside it."""
    candidate_hours: float | None = None
    """For how long, by the time of the readings."""
    agreement: float | None = None
    """Share of panels and windows on which both say the same."""
    alarms_per_panel_day: float | None = None
    """Of the one on trial, however the rules see it."""
    alarms_per_panel_day_in_use: float | None = None
    """Of the one in use, on the same windows."""


class DiskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The room of an outbox, and what bounds it."""

    free_bytes: int
    """What its disk has free for us."""
    file_bytes: int
    """How large the outbox file is."""
    max_megabytes: int
    """How large it may grow, with all beside it."""
    min_free_megabytes: int
    """How much it leaves free on its disk."""


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
    identity_trouble: str | None = None
    """Why it has no identity that can be used."""
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
    disk: DiskStatus | None = None
    """The room it has; None if nobody could look."""
    lost_rows: dict[str, int] = {}
    """Rows given up ever, by reason: thinned, over_size, over_age, disk_full and others."""
    lost_rows_now: dict[str, int] = {}
    """Those of them since the start."""
    lost_uncounted: dict[str, int] = {}
    """Ranges given up ever of which nobody knows how many rows they had, by reason."""
    lost_uncounted_now: dict[str, int] = {}
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
    detector_panels: int = 0
    """Panels it watches."""
    detector_learned_panels: int = 0
    """Those of them of which it knows from their own days what is usual."""
    detector_learned_at: float | None = None
    """The last reading it has learned from; None before the first day."""
    model_version: str | None = None
    """Which model names the faults; None without one."""
    model: ModelStatus | None = None
    """The model that names faults."""


def status_path(outbox: Path) -> Path:
    """Return where the status is: in RUNTIME_DIRECTORY if systemd gives one, else by the outbox."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(folder) / "status.json" if folder else outbox.with_name("status.json")


def write_status(path: Path, status: Status) -> None:
    """Replace the status file, so that a reader sees the old one or the new one, whole.

    On a full disk, where there is no room for both, it is written over.

    Raises:
        EdgeError: It cannot be written.
    """
    new, text = path.with_name(f".{path.name}.new"), msgspec.json.encode(status)
    try:
        try:
            new.write_bytes(text)
            new.replace(path)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            new.unlink(missing_ok=True)
            with path.open("r+b") as file:
                file.write(text.ljust(path.stat().st_size))
    except OSError as error:
        raise EdgeError(f"cannot write {path}: {error.strerror}") from error


def read_status(outbox: Path) -> Status | None:
    """Return the newest status of the agent with this outbox; None if it never ran.

    Raises:
        EdgeError: There is none that we may read, but one that we may not.
    """
    folders = [outbox.parent, *Path("/run").glob("heliograph*")]
    ours: list[Status] = []
    denied: list[Path] = []
    for path in (folder / "status.json" for folder in folders):
        try:
            status = _read(path)
        except PermissionError:
            denied.append(path)
            continue
        if status is not None and status.outbox == str(outbox):
            ours.append(status)
    if denied and not ours:
        raise EdgeError(
            f"may not read {denied[0]}: permission denied; do it as root or as the agent's user"
        )
    return max(ours, key=lambda status: status.written_at, default=None)


def _read(path: Path) -> Status | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except PermissionError:
        raise
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
