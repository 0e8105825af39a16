"""Puts an agent together: every stage is made here, with what it needs from the configuration."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from uuid import uuid4

from edge_agent.addresses import broker_of, topics_of
from edge_agent.budget import Budget
from edge_agent.clock import Clock, Clocks
from edge_agent.config import MEGABYTE, Config, UploadSettings, pace_of
from edge_agent.detection import Detection
from edge_agent.health import Health
from edge_agent.identity import IdentityFiles
from edge_agent.intake import Intake
from edge_agent.kernel import Kernel
from edge_agent.learned import Learned
from edge_agent.link import Link
from edge_agent.model_download import ModelSource
from edge_agent.model_life import ModelLife
from edge_agent.mqtt import Subscriber
from edge_agent.observe import Observer
from edge_agent.outbox import MERGED_BYTES, Limits, Outbox, open_outbox
from edge_agent.pacer import Pacer, segment_bytes
from edge_agent.panels import PanelBook
from edge_agent.pipeline import Stages
from edge_agent.resends import Resends
from edge_agent.scheduler import Scheduler
from edge_agent.site_detection import learned_of, open_detector, restored
from edge_agent.timekeeping import Timekeeper
from edge_agent.traffic import Traffic
from edge_agent.upload import Uploader, open_client
from edge_agent.upload_clock import ask_time
from edge_agent.validate import Validator


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent, put together but not yet running."""

    stages: Stages
    """What a reading passes."""
    learned: Learned
    """What keeps what was learned of the panels."""
    models: ModelLife
    """What decides which model names faults."""
    source: ModelSource
    """Where new ones come from."""
    subscriber: Subscriber
    """What hears the broker."""
    observer: Observer
    """What tells how it is."""
    timekeeper: Timekeeper
    """What finds out whether its clock is right."""


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
            max_bytes=config.buffer.max_bytes,
            spill_after=config.buffer.spill_after_seconds,
            order=config.upload.backlog_order,
            limits=_limits(config, clock=clock),
        ) as outbox,
        open_client(config.upload.collector_url, version=version(), listener=clock) as client,
        open_detector(config) as detector,
    ):
        traffic = _traffic(config.upload)
        uploader = Uploader(client, identity_of=identity.get, traffic=traffic)
        detection = await restored(detector, outbox=outbox)
        stages = await _stages(
            config,
            detection=detection,
            outbox=outbox,
            traffic=traffic,
            uploader=uploader,
            clock=clock,
        )
        subscriber = Subscriber(
            broker, topics=topics.filters, take=stages.intake.take, now=clock.now
        )
        models = ModelLife(config, detector=detector, identity=identity)
        stages.model = models.models.report
        source = ModelSource(
            client,
            identity_of=identity.get,
            traffic=traffic,
            clock_offset=lambda: uploader.clock_offset,
        )
        observer = Observer(
            stages, config=config, subscriber=subscriber, identity=identity, version=version()
        )
        stages.health = Health(observer.status, stages=stages)
        timekeeper = Timekeeper(clock, outbox=outbox, ask=lambda: ask_time(client))
        learned = learned_of(detector, outbox=outbox, detection=detection)
        yield Agent(stages, learned, models, source, subscriber, observer, timekeeper)


def version() -> str:
    """Return the installed version."""
    return installed_version("heliograph")


def _limits(config: Config, *, clock: Clock) -> Limits:
    buffer, cap = config.buffer, config.upload.max_kbit_per_second
    return Limits(
        max_bytes=buffer.max_bytes,
        max_days=buffer.max_days,
        min_free_bytes=buffer.min_free_bytes,
        merged_bytes=segment_bytes(cap, at_most=MERGED_BYTES),
        clock_is_right=lambda: clock.trusted,
    )


def _traffic(upload: UploadSettings) -> Traffic:
    share, megabytes = upload.backlog_share, upload.monthly_megabytes
    monthly_bytes = None if megabytes is None else megabytes * MEGABYTE
    return Traffic(
        pacer=Pacer(upload.max_kbit_per_second, backlog_share=share),
        budget=Budget(monthly_bytes, backlog_share=share),
    )


async def _stages(
    config: Config,
    *,
    detection: Detection,
    outbox: Outbox,
    traffic: Traffic,
    uploader: Uploader,
    clock: Clock,
) -> Stages:
    pace, panels = pace_of(config.upload), PanelBook(config.panels)
    link = Link(now=time.monotonic())
    scheduler = Scheduler(outbox, link=link, traffic=traffic)
    await scheduler.restore()
    stream = uuid4()
    await outbox.runs.begin(stream)
    return Stages(
        stream=stream,
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
