"""Looks at a running agent from inside: its status, its signs of life."""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from edge_agent.config import Config
from edge_agent.diagnosis import problems
from edge_agent.errors import EdgeError, IdentityError
from edge_agent.forecast import Forecast
from edge_agent.identity import IdentityFiles
from edge_agent.mqtt import Subscriber
from edge_agent.notify import Systemd
from edge_agent.outbox.disk import free_bytes
from edge_agent.pipeline import Stages
from edge_agent.status import DiskStatus, Status, write_status
from edge_agent.wear import Wear

STATUS_SECONDS: Final = 5.0
STUCK_SECONDS: Final = 60.0
"""Without progress for so long, systemd is no longer told that we live."""

_RECENT_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.1
_SHORTEST_SECONDS: Final = 1.0  # over less, a rate says nothing

_log = logging.getLogger(__name__)


class Observer:
    """Makes the status of a running agent."""

    def __init__(
        self,
        stages: Stages,
        *,
        config: Config,
        subscriber: Subscriber,
        identity: IdentityFiles,
        version: str,
    ) -> None:
        self._stages = stages
        self._config = config
        self._subscriber = subscriber
        self._identity = identity
        self._version = version
        self._started_boot_us = stages.clock.since_boot_us()
        self._wear = Wear()
        self._lost_before = dict(stages.outbox.shelf.totals.lost)
        self._uncounted_before = dict(stages.outbox.shelf.totals.uncounted)
        self._dropped_before = stages.outbox.quarantine.dropped
        self._samples = deque([(time.monotonic(), 0, 0)])
        self._rate = 0.0
        self._forecast = Forecast()

    async def write(self, path: Path) -> NoReturn:
        """Write the status, for ever: regularly, and soon after a link has changed."""
        failed = False
        while True:
            self._measure()
            try:
                write_status(path, self.status())
                failed = False
            except EdgeError as error:
                if not failed:
                    _log.warning("%s", error)
                failed = True
            await self._pause()

    async def _pause(self) -> None:
        until, links = time.monotonic() + STATUS_SECONDS, self._links()
        while time.monotonic() < until and self._links() == links:  # noqa: ASYNC110 - two sources, one reader
            await asyncio.sleep(_LOOK_SECONDS)

    def _links(self) -> tuple[bool, bool]:
        return self._subscriber.connected, self._stages.link.there

    async def show_life(self, systemd: Systemd) -> NoReturn:
        """Tell systemd, for ever, that we live: while the loop turns and `keep` progresses."""
        pause = min((systemd.watchdog_seconds or 20.0) / 3, 10.0)
        while True:
            if time.monotonic() - self._stages.counts.last_turn < STUCK_SECONDS:
                wrong = problems(self.status(), now=time.time())
                systemd.tell(WATCHDOG="1", STATUS=wrong[0] if wrong else "all is well")
            await asyncio.sleep(pause)

    def status(self, *, stopped: bool = False) -> Status:
        """Return how the agent is now."""
        stages, outbox = self._stages, self._stages.outbox
        stock, quarantine = outbox.shelf.stock, outbox.quarantine
        readings, quarantined = self._recent()
        link, budget, utc = stages.link, stages.traffic.budget, datetime.now(UTC)
        outlook = self._forecast.outlook(stock.rows)
        gateway_id, identity_trouble = self._who()
        return Status(
            version=self._version,
            pid=os.getpid(),
            site=self._config.site.id,
            gateway_id=gateway_id,
            identity_trouble=identity_trouble,
            started_at=stages.clock.wall_us(self._started_boot_us) / 1e6,
            written_at=time.time(),
            stopped=stopped,
            broker=str(self._subscriber.broker),
            broker_connected=self._subscriber.connected,
            broker_trouble=self._subscriber.trouble,
            received_messages=stages.intake.received,
            dropped_messages=stages.intake.dropped,
            retained_messages=self._subscriber.retained,
            readings=stages.counts.readings,
            readings_per_second=round(self._rate, 1),
            collector=self._config.upload.collector_url,
            collector_there=link.there,
            collector_trouble=link.trouble,
            collector_since=_epoch(link.changed_at),
            receipt_at=None if link.answered_at is None else _epoch(link.answered_at),
            clock_trusted=stages.clock.trusted,
            clock_why=stages.clock.why,
            clock_since=stages.clock.since_us / 1e6,
            clock_jumps=stages.clock.jumps,
            held_segments=outbox.undated.segments,
            clock_offset_seconds=stages.uploader.clock_offset.total_seconds(),
            uploaded_rows=stages.counts.uploaded_rows,
            uploaded_bytes=stages.counts.uploaded_bytes,
            wire_bytes=stages.traffic.wire_bytes,
            month_bytes=budget.spent(utc),
            month_allowed_bytes=budget.allowed(utc),
            live_held=outbox.held,
            outbox=str(self._config.buffer.path),
            outbox_segments=stock.segments,
            outbox_rows=stock.rows,
            outbox_bytes=stock.size_bytes,
            outbox_oldest_at=None if stock.oldest_us is None else stock.oldest_us / 1e6,
            drained_in_seconds=outlook.seconds,
            backlog_grows=outlook.grows,
            outbox_full=outbox.full,
            disk=self._disk(),
            **self._losses_and_wear(),
            outbox_damage=outbox.damage,
            waiting_rows=outbox.waiting.rows,
            set_aside=outbox.shelf.set_aside_segments,
            quarantined=stages.counts.quarantined,
            quarantine_entries=quarantine.entries,
            quarantine_dropped=quarantine.dropped,
            quarantine_dropped_now=quarantine.dropped - self._dropped_before,
            recent_readings=readings + quarantined,
            recent_quarantined=quarantined,
            quarantine_reason=stages.counts.last_reason,
            **self._detector(),
        )

    def _detector(self) -> dict[str, Any]:
        detection = self._stages.detection
        knows = detection.knows
        return {
            "detector_trouble": detection.trouble or knows.trouble,
            "detector_panels": knows.panels,
            "detector_learned_panels": knows.learned_panels,
            "detector_learned_at": knows.learned_us / 1e6 if knows.learned_us else None,
            "model_version": knows.model_version,
            "model": self._stages.model(),
        }

    def _losses_and_wear(self) -> dict[str, Any]:
        totals, readings = self._stages.outbox.shelf.totals, self._stages.counts.readings
        written = self._wear.bytes_written()
        known = written is not None and readings > 0
        return {
            "lost_rows": dict(totals.lost),
            "lost_rows_now": _since(self._lost_before, now=totals.lost),
            "lost_uncounted": dict(totals.uncounted),
            "lost_uncounted_now": _since(self._uncounted_before, now=totals.uncounted),
            "disk_bytes_written": written,
            "disk_bytes_per_reading": round((written or 0) / readings, 2) if known else None,
        }

    def _who(self) -> tuple[str | None, str | None]:
        """Return this gateway's id, or why it has none."""
        try:
            return self._identity.get().gateway_id, None
        except IdentityError as error:
            return None, str(error)

    def _disk(self) -> DiskStatus | None:
        """Return the room the outbox has; a file system that is gone must not end the agent."""
        buffer = self._config.buffer
        try:
            return DiskStatus(
                free_bytes=free_bytes(buffer.path),
                file_bytes=buffer.path.stat().st_size,
                max_megabytes=buffer.max_megabytes,
                min_free_megabytes=buffer.min_free_megabytes,
            )
        except OSError:
            return None

    def _measure(self) -> None:
        then, before, _ = self._samples[-1]
        now, counts = time.monotonic(), self._stages.counts
        stock, there = self._stages.outbox.shelf.stock, self._stages.link.there
        self._forecast.note(stock.rows, now=now, there=there)
        if now - then < _SHORTEST_SECONDS:
            return
        self._rate = (counts.readings - before) / (now - then)
        self._samples.append((now, counts.readings, counts.quarantined))
        while now - self._samples[0][0] > _RECENT_SECONDS:
            self._samples.popleft()

    def _recent(self) -> tuple[int, int]:
        """Return how many readings of the last minutes were good, and how many quarantined."""
        counts, (_, readings, quarantined) = self._stages.counts, self._samples[0]
        return counts.readings - readings, counts.quarantined - quarantined


def _since(before: Mapping[str, int], *, now: Mapping[str, int]) -> dict[str, int]:
    """Return by how much numbers have grown, those that have."""
    more = {reason: number - before.get(reason, 0) for reason, number in now.items()}
    return {reason: number for reason, number in more.items() if number > 0}


def _epoch(moment: float) -> float:
    """Return monotonic seconds as seconds since 1970, by the clock as it is now."""
    return time.time() - (time.monotonic() - moment)
