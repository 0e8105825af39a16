"""One reading's way through the edge: `keep` brings it to safety, `deliver` to the collector."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NoReturn
from uuid import UUID

from edge_agent.clock import Clock, Moment
from edge_agent.detection import Detection
from edge_agent.entries import Entry
from edge_agent.errors import CollectorAwayError, CollectorFailedError, OutboxFullError
from edge_agent.intake import Intake
from edge_agent.link import Link
from edge_agent.outbox import Outbox, Parcel
from edge_agent.panels import PanelBook
from edge_agent.receipts import Rejection
from edge_agent.redate import divided
from edge_agent.resends import Resends
from edge_agent.scheduler import Scheduler
from edge_agent.sealed import Sealed, seal
from edge_agent.splitting import split
from edge_agent.status import ModelStatus
from edge_agent.traffic import Traffic
from edge_agent.upload import Uploader
from edge_agent.validate import Checked, Validator
from edge_agent.verdicts import verdicts
from shared.alerts import Episode, alerts_table
from shared.segments import Segment, readings_table
from shared.tables import Table

_PATIENCE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What went through since the start."""

    readings: int = 0
    """Readings found good."""
    quarantined: int = 0
    """Readings put into the quarantine, by us or after the collector's answer."""
    uploaded_rows: int = 0
    """Rows the collector has given a receipt for."""
    uploaded_bytes: int = 0
    """Bytes of their segments."""
    set_aside: int = 0
    """Segments the collector refused."""
    last_reason: str | None = None
    """Why something last went into the quarantine."""
    last_turn: float = field(default_factory=time.monotonic)
    """Monotonic seconds at which `keep` last made progress; the watchdog watches it."""


@dataclass(slots=True, kw_only=True)
class Stages:
    """Everything a reading passes; made by `edge_agent.assembly`."""

    stream: UUID
    """The id of this run's segments."""
    intake: Intake
    """Where messages wait for the next flush."""
    linger_of: Callable[[float | None], float]
    """How long a flush gathers, in seconds, given how long the collector has been away."""
    validator: Validator
    """Bytes to columns."""
    panels: PanelBook
    """What is known about the panels."""
    detection: Detection
    """Columns to alert episodes."""
    outbox: Outbox
    """What holds segments until they are confirmed."""
    link: Link
    """Whether the collector answers."""
    traffic: Traffic
    """What goes over the link, and what may."""
    scheduler: Scheduler
    """What goes next."""
    uploader: Uploader
    """Segments to receipts."""
    resends: Resends
    """What the collector asks for again."""
    next_seq: int = 0
    """The number of the next segment of this run."""
    clock: Clock
    """What the time is, and whether that is known."""
    health: Callable[[datetime], Table | None] = lambda _now: None
    """The agent's report on itself, when one is due."""
    model: Callable[[], ModelStatus | None] = lambda: None
    """Which model names faults, and how the one on trial does."""
    counts: Counts = field(default_factory=Counts)
    """What went through."""


async def keep(stages: Stages) -> None:
    """Bring what comes to safety, flush by flush, until the intake is closed and empty."""
    outbox = stages.outbox
    while True:
        linger = stages.linger_of(outbox.away_seconds())
        batch = await stages.intake.next(linger=linger, patience=_PATIENCE_SECONDS)  # intake
        if batch is None:
            return
        moment = stages.clock.flush()  # clock
        checked = stages.validator.check(batch.messages, now=moment.judge)  # validate/
        episodes = await stages.detection.look(  # detect/
            checked.readings,
            settled=batch.settled,
            now=moment.now,
            weather=checked.site.get("weather"),
        )
        stages.detection.redate(moment)
        await _quarantine(stages, checked.quarantined)
        tables = _tables(stages, checked, episodes=episodes, now=moment.now)
        if tables:
            segments = _segments(stages, tables, moment=moment)
            stages.next_seq += len(segments)
            await _room(stages)
            await outbox.keep(segments, settled=batch.settled)  # outbox/
        else:
            batch.settled.set()
        stages.counts.last_turn = time.monotonic()


async def deliver(stages: Stages) -> NoReturn:
    """Bring what is kept to the collector, for ever; `scheduler.LANES` of these run at once."""
    scheduler = stages.scheduler
    while True:
        parcel = await scheduler.next()  # scheduler
        try:
            await _attempt(stages, parcel)  # upload
        except OutboxFullError:
            await asyncio.sleep(_RETRY_SECONDS)
        finally:
            scheduler.put_back(parcel)


async def _attempt(stages: Stages, parcel: Parcel) -> None:
    """Send a parcel, and tell the scheduler how that went."""
    scheduler = stages.scheduler
    try:
        await _send(stages, parcel)
    except CollectorFailedError as error:
        if await scheduler.failed(parcel, error=error):
            await _set_aside(stages, parcel.segments[0], reason=str(error))
    except CollectorAwayError as error:
        await scheduler.lost(parcel, error=error)
    else:
        if stages.outbox.away:
            stages.intake.hurry()
        await scheduler.answered(parcel)


async def _send(stages: Stages, parcel: Parcel) -> None:
    """Send a parcel and settle every segment as its receipt says."""
    outbox, counts = stages.outbox, stages.counts
    confirmed = []
    for sealed, receipt in await stages.uploader.send(parcel.segments, lane=parcel.lane):
        if receipt.status == "refused":
            await _set_aside(stages, sealed, reason=receipt.reason or "no reason given")
            continue
        if receipt.rejected:
            await _keep_rejected(stages, sealed, rejections=receipt.rejected)
        confirmed.append(sealed)
        counts.uploaded_rows += sealed.rows
        counts.uploaded_bytes += len(sealed.body)
    await outbox.forget(confirmed)
    await stages.resends.heed(stages.uploader.resend_requests)


async def _keep_rejected(
    stages: Stages, sealed: Sealed, *, rejections: Sequence[Rejection]
) -> None:
    found = verdicts(sealed, rejections=rejections, now=datetime.now(UTC))  # verdicts
    for part, reason in found.segments:
        await _set_aside(stages, part, reason=reason)
    await stages.outbox.quarantine.put(found.entries)
    _count(stages.counts, found.entries)


async def _set_aside(stages: Stages, sealed: Sealed, *, reason: str) -> None:
    await stages.outbox.set_aside(sealed, reason=reason)
    stages.counts.set_aside += 1
    _log.warning("segment %s/%d of %d rows is set aside: the collector refuses it: %s",
                 *sealed.key, sealed.rows, reason)  # fmt: skip


def _tables(
    stages: Stages, checked: Checked, *, episodes: list[Episode], now: datetime
) -> list[dict[str, Table]]:
    """Return the tables of each segment of a flush: alerts go first, on their own."""
    urgent: dict[str, Table] = {"alerts": alerts_table(episodes)} if episodes else {}
    tables: dict[str, Table] = dict(checked.site)
    if checked.readings is not None:
        stages.counts.readings += len(checked.readings)
        tables["readings"] = readings_table(checked.readings)
        panels = stages.panels.changes(checked.readings.panel_ids, locations=checked.locations)
        if panels is not None:
            tables["panels"] = panels
    if stages.detection.windows is not None:
        tables["windows"] = stages.detection.windows
    health = stages.health(now)
    if health is not None:
        tables["health"] = health
    return [part for whole in (urgent, tables) if whole for part in split(whole)]


def _segments(stages: Stages, tables: list[dict[str, Table]], *, moment: Moment) -> list[Sealed]:
    """Return the segments of a flush, in order; the clock may ask to hold some."""
    return [
        seal(  # shared/segments
            Segment(stages.stream, number, number, part),
            boot=moment.boot if hold else None,
            offset_us=moment.dating.offset_us if hold else None,
        )
        for number, (part, hold) in enumerate(
            divided(tables, moment=moment), stages.next_seq
        )  # redate
    ]


async def _quarantine(stages: Stages, entries: list[Entry]) -> None:
    """Put entries on disk; without room, wait: their messages are not acknowledged."""
    while True:
        try:
            await stages.outbox.quarantine.put(entries)
        except OutboxFullError:
            stages.outbox.found_full()
            stages.counts.last_turn = time.monotonic()
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            _count(stages.counts, entries)
            return


async def _room(stages: Stages) -> None:
    while not await stages.outbox.has_room():
        stages.counts.last_turn = time.monotonic()


def _count(counts: Counts, entries: list[Entry]) -> None:
    counts.quarantined += sum(entry.readings for entry in entries)
    if entries:
        counts.last_reason = entries[-1].reason
