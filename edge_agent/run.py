"""The composition root: every stage is made here, and every task runs in one group."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Final
from uuid import uuid4

from edge_agent.addresses import broker_of, topics_of
from edge_agent.budget import Budget
from edge_agent.clock import Clock, Clocks
from edge_agent.config import BufferSettings, Config, UploadSettings, pace_of
from edge_agent.detect import Detector
from edge_agent.detection import Detection
from edge_agent.errors import EdgeError, OutboxFullError
from edge_agent.identity import IdentityFiles
from edge_agent.intake import Intake
from edge_agent.kernel import Kernel
from edge_agent.link import Link
from edge_agent.mqtt import Subscriber
from edge_agent.notify import Systemd
from edge_agent.observe import Health, Observer
from edge_agent.outbox import Limits, Outbox, open_outbox
from edge_agent.outbox.salvaging import watch_damage
from edge_agent.pacer import Pacer
from edge_agent.panels import PanelBook
from edge_agent.pipeline import Stages, deliver, keep
from edge_agent.replay import replay
from edge_agent.resends import Resends
from edge_agent.scheduler import LANES, Scheduler
from edge_agent.status import status_path, write_status
from edge_agent.timekeeping import Timekeeper
from edge_agent.traffic import Traffic
from edge_agent.upload import Uploader, open_client
from edge_agent.upload_clock import ask_time
from edge_agent.validate import Validator

GOODBYE_SECONDS: Final = 5.0
"""How long a stopping agent waits for receipts before it puts the rest on disk."""

RETRY_SECONDS: Final = 2.0
"""How long to wait before trying again to use a disk that takes no writes."""

READY_SECONDS: Final = 10.0
"""How long the broker may hold up that we say we run."""

_EPISODES: Final = "open_episodes"
_MEGABYTE: Final = 1_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent, put together but not yet running."""

    stages: Stages
    """What a reading passes."""
    subscriber: Subscriber
    """What hears the broker."""
    observer: Observer
    """What tells how it is."""
    timekeeper: Timekeeper
    """What finds out whether its clock is right."""


async def run(config: Config) -> None:
    """Run the agent until SIGTERM or SIGINT; then bring everything to safety and return.

    Raises:
        EdgeError: Something it needs cannot be used.
        BaseExceptionGroup: A task failed unexpectedly; systemd is to start us anew.
    """
    collect_garbage_rarely()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        agent = await _assembled_in_time(stack, config=config, stop=stop)
        if agent is None:
            return
        path = status_path(config.buffer.path)
        try:
            await _run(agent, config=config, stop=stop)
        finally:
            with contextlib.suppress(EdgeError):
                write_status(path, agent.observer.status(stopped=True))
        _log.info("stopped; %d rows wait on disk", agent.stages.outbox.shelf.stock.rows)


async def _assembled_in_time(
    stack: contextlib.AsyncExitStack, *, config: Config, stop: asyncio.Event
) -> Agent | None:
    """Put an agent together once the disk takes writes; None if told to stop before.

    Until then the broker keeps what comes, for nobody acknowledges it.
    """
    systemd, waits = Systemd.of(os.environ), False
    while not stop.is_set():
        try:
            return await stack.enter_async_context(assembled(config))
        except OutboxFullError as error:
            if not waits:
                _log.error("not collecting: %s", error)
            waits = True
            systemd.tell(READY="1", WATCHDOG="1", STATUS=f"not collecting: {error}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                await stop.wait()
    return None


@asynccontextmanager
async def assembled(config: Config, *, clocks: Clocks | None = None) -> AsyncIterator[Agent]:
    """Put an agent together.

    Args:
        config: What it does.
        clocks: What tells it the time; the kernel's if not given.

    Raises:
        EdgeError: Something it needs cannot be used.
    """
    broker, topics = broker_of(config), topics_of(config.mqtt)
    identity, clock = IdentityFiles(config.identity.path), Clock(clocks or Kernel())
    async with (
        open_outbox(
            config.buffer.path,
            max_bytes=config.buffer.max_megabytes * _MEGABYTE,
            spill_after=config.buffer.spill_after_seconds,
            order=config.upload.backlog_order,
            limits=_limits(config.buffer, clock=clock),
        ) as outbox,
        open_client(config.upload.collector_url, version=version(), listener=clock) as client,
    ):
        traffic = _traffic(config.upload)
        uploader = Uploader(client, identity_of=identity.get, traffic=traffic)
        stages = await _stages(
            config, outbox=outbox, traffic=traffic, uploader=uploader, clock=clock
        )
        subscriber = Subscriber(
            broker, topics=topics.filters, take=stages.intake.take, now=clock.now
        )
        observer = Observer(
            stages, config=config, subscriber=subscriber, identity=identity, version=version()
        )
        stages.health = Health(observer.status, stages=stages)
        timekeeper = Timekeeper(clock, outbox=outbox, ask=lambda: ask_time(client))
        yield Agent(stages, subscriber, observer, timekeeper)


def collect_garbage_rarely() -> None:
    """Let Python look for cycles less often: thousands of waiting messages are not garbage.

    Measured by `tests/benchmarks/agent_throughput.py`: up to a third of the processor time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def version() -> str:
    """Return the installed version."""
    return installed_version("heliograph")


def _limits(buffer: BufferSettings, *, clock: Clock) -> Limits:
    return Limits(
        max_bytes=buffer.max_megabytes * _MEGABYTE,
        max_days=buffer.max_days,
        min_free_bytes=buffer.min_free_megabytes * _MEGABYTE,
        clock_is_right=lambda: clock.trusted,
    )


def _traffic(upload: UploadSettings) -> Traffic:
    share, megabytes = upload.backlog_share, upload.monthly_megabytes
    monthly_bytes = None if megabytes is None else megabytes * _MEGABYTE
    return Traffic(
        pacer=Pacer(upload.max_kbit_per_second, backlog_share=share),
        budget=Budget(monthly_bytes, backlog_share=share),
    )


async def _stages(
    config: Config, *, outbox: Outbox, traffic: Traffic, uploader: Uploader, clock: Clock
) -> Stages:
    pace, panels = pace_of(config.upload), PanelBook(config.panels)
    link = Link(now=time.monotonic())
    scheduler = Scheduler(outbox, link=link, traffic=traffic)
    await scheduler.restore()

    async def remember(episodes: bytes) -> None:
        await outbox.remember(_EPISODES, value=episodes)

    detection = Detection(Detector(config.detect, panels.group_of), remember=remember)
    detection.restore(await outbox.recall(_EPISODES))
    return Stages(
        stream=uuid4(),
        intake=Intake(max_messages=pace.flush_messages),
        linger_of=pace.linger_of,
        validator=Validator(topics_of(config.mqtt), limits_of=panels.limits_of),
        panels=panels,
        detection=detection,
        outbox=outbox,
        link=link,
        traffic=traffic,
        scheduler=scheduler,
        uploader=uploader,
        resends=Resends(outbox.put_first),
        clock=clock,
    )


async def _run(agent: Agent, *, config: Config, stop: asyncio.Event) -> None:
    """Run all tasks until told to stop, or until one fails."""
    stages, systemd = agent.stages, Systemd.of(os.environ)
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(keep(stages), name="keep")
        coroutines = {
            "mqtt": agent.subscriber.run(),
            **{f"upload-{number}": deliver(stages) for number in range(LANES)},
            "replay": replay(stages.outbox, stages.intake),
            "spill": stages.outbox.spill_when_due(),
            "tidy": stages.outbox.tidy(),
            "episodes": stages.detection.forget_cleared(),
            "salvage": watch_damage(
                stages.outbox,
                path=config.buffer.path,
                max_bytes=config.buffer.max_megabytes * _MEGABYTE,
            ),
            "clock": agent.timekeeper.run(),
            "status": agent.observer.write(status_path(config.buffer.path)),
            "ready": _say_ready(agent.subscriber, systemd=systemd),
            "life": agent.observer.show_life(systemd),
        }
        others = [tasks.create_task(work, name=name) for name, work in coroutines.items()]
        _log.info("running for site %s", config.site.id)
        await stop.wait()
        systemd.tell(STOPPING="1", STATUS="bringing everything to safety")
        _log.info("stopping: bringing everything to safety")
        await _say_goodbye(stages, keeping=keeping)
        for task in (keeping, *others):
            task.cancel()


async def _say_ready(subscriber: Subscriber, *, systemd: Systemd) -> None:
    """Say that we run, once subscribed; a broker that is away holds that up only for a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            await subscriber.subscribed.wait()
    systemd.tell(READY="1")


async def _say_goodbye(stages: Stages, *, keeping: asyncio.Task[None]) -> None:
    """Flush what came, give uploads a few seconds, and put the rest on disk."""
    stages.intake.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await asyncio.wait([keeping])
            await stages.outbox.waiting.all_settled()
    await stages.outbox.spill()
    await stages.detection.save()
    await stages.scheduler.save()
    await asyncio.sleep(0.05)  # for the acknowledgements of what has just become safe
