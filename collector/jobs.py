"""What a collector does by itself: its rules, alerts that last, old events, notifications.

Every process runs this; the database lets one at a time do each job, and at the job's own pace.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol

from collector.alarms import Limits, handle_lasting, judge_fleet, judge_gateways, judge_power
from collector.database.engine import Database
from collector.errors import DatabaseError
from collector.notify.dispatch import deliver_due, forget_delivered
from collector.queries.jobs import turn
from collector.queries.live import prune_events
from collector.queries.notifications import Standing, standing

TICK_SECONDS: Final = 5.0
NOTIFY_SECONDS: Final = 2.0
COUNT_SECONDS: Final = 15.0

_log: Final = logging.getLogger(__name__)

Work = Callable[[datetime | None, datetime], Awaitable[object]]
"""Does a job: when it was done last, and now, UTC."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done now and again."""

    name: str
    """Its name in the database."""
    every: timedelta
    """How often."""
    work: Work
    """What is done."""


def jobs_of(database: Database, *, limits: Limits) -> list[Job]:
    """Return all jobs."""
    return [
        Job(
            "gateways",
            timedelta(seconds=15),
            lambda ran_at, now: judge_gateways(database, limits=limits, ran_at=ran_at, now=now),
        ),
        Job(
            "lasting alerts",
            timedelta(seconds=30),
            lambda _, now: handle_lasting(database, limits=limits, now=now),
        ),
        Job("power", timedelta(minutes=5), lambda _, now: judge_power(database, now=now)),
        Job("fleet", timedelta(hours=1), lambda _, now: judge_fleet(database, now=now)),
        Job("events", timedelta(minutes=10), lambda *_: prune_events(database)),
        Job(
            "notifications",
            timedelta(hours=1),
            lambda _, now: forget_delivered(database, now=now),
        ),
    ]


async def do_job(database: Database, *, job: Job, now: datetime) -> bool:
    """Do a job if it is due and nobody else does it; tell whether it was done.

    Raises:
        DatabaseError: The database is away.
    """
    async with turn(database, name=job.name, every=job.every, now=now) as mine:
        if mine.mine:
            await job.work(mine.ran_at, now)
        return mine.mine


class Observer(Protocol):
    """Takes note of what people were told."""

    def note_message(self, accepted: bool) -> None:  # noqa: FBT001 - a callback
        """A message was accepted, or not."""

    def note_standing(self, standing: Standing) -> None:
        """So it stands with what is to be told."""


@contextlib.asynccontextmanager
async def open_jobs(
    database: Database, *, limits: Limits, observer: Observer
) -> AsyncIterator[None]:
    """Do all jobs for as long as the context lasts.

    Args:
        database: Whose.
        limits: What is allowed before somebody is told.
        observer: Who is told what people were told.
    """
    async with asyncio.TaskGroup() as group:
        jobs = jobs_of(database, limits=limits)
        tasks = [
            group.create_task(_run_jobs(database, jobs=jobs), name="jobs"),
            group.create_task(
                _repeat(partial(_deliver, database, observer), every=NOTIFY_SECONDS),
                name="notifications",
            ),
            group.create_task(
                _repeat(partial(_count, database, observer), every=COUNT_SECONDS),
                name="notification-figures",
            ),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _run_jobs(database: Database, *, jobs: list[Job]) -> None:
    next_at = dict.fromkeys((job.name for job in jobs), datetime.min.replace(tzinfo=UTC))

    async def round_() -> None:
        for job in jobs:
            now = datetime.now(UTC)
            if now >= next_at[job.name]:
                await do_job(database, job=job, now=now)
                next_at[job.name] = now + job.every

    await _repeat(round_, every=TICK_SECONDS)


async def _deliver(database: Database, observer: Observer) -> None:
    await deliver_due(database, now=datetime.now(UTC), observe=observer.note_message)


async def _count(database: Database, observer: Observer) -> None:
    observer.note_standing(await standing(database))


async def _repeat(work: Callable[[], Awaitable[None]], *, every: float) -> None:
    """Do something again and again, until cancelled; while the database is away, nothing."""
    is_away = False
    while True:
        # Several processes that start together do not ask together.
        await asyncio.sleep(every * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            await work()
        except DatabaseError as error:
            if not is_away:
                _log.warning("a job could not be done: %s", error)
            is_away = True
        else:
            is_away = False
