"""Runs an agent: every task is in one group, until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from typing import Final, NoReturn

from edge_agent.assembly import Agent, assembled
from edge_agent.config import Config
from edge_agent.errors import EdgeError, OutboxFullError
from edge_agent.memory import give_back, seldom_look_for_cycles, settle
from edge_agent.mqtt import Subscriber
from edge_agent.notify import Systemd
from edge_agent.outbox.damage_watch import watch_damage
from edge_agent.pipeline import Stages, deliver, keep
from edge_agent.rejudge import rejudge
from edge_agent.scheduler import LANES
from edge_agent.status import status_path, write_status

GOODBYE_SECONDS: Final = 5.0
"""How long a stopping agent waits for receipts before it puts the rest on disk."""

RETRY_SECONDS: Final = 2.0
"""How long to wait before trying again to use a disk that takes no writes."""

READY_SECONDS: Final = 10.0
"""How long the broker may hold up that we say we run."""


_log = logging.getLogger(__name__)


async def run(config: Config) -> None:
    """Run the agent until SIGTERM or SIGINT; then bring everything to safety and return.

    Raises:
        EdgeError: Something it needs cannot be used.
        BaseExceptionGroup: A task failed unexpectedly; systemd is to start us anew.
    """
    seldom_look_for_cycles()
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


async def _run(agent: Agent, *, config: Config, stop: asyncio.Event) -> None:
    """Run all tasks until told to stop, or until one fails."""
    stages, systemd = agent.stages, Systemd.of(os.environ)
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(keep(stages), name="keep")
        coroutines = {
            "mqtt": agent.subscriber.run(),
            "acknowledge": agent.subscriber.acknowledge(),
            **{f"upload-{number}": deliver(stages) for number in range(LANES)},
            "rejudge": rejudge(stages.outbox, stages.intake),
            "spill": stages.outbox.spill_when_due(),
            "tidy": stages.outbox.tidy(),
            "runs": stages.outbox.runs.watch(),
            "episodes": stages.detection.forget_cleared(),
            "learned": agent.learned.keep(),
            "models": _use_models(agent),
            "offers": agent.models.fetch(agent.source, ready=lambda: stages.link.there),
            "salvage": watch_damage(
                stages.outbox, path=config.buffer.path, max_bytes=config.buffer.max_bytes
            ),
            "clock": agent.timekeeper.run(),
            "memory": give_back(),
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
        await agent.learned.save(time.monotonic())
        agent.models.save()
        for task in (keeping, *others):
            task.cancel()


async def _say_ready(subscriber: Subscriber, *, systemd: Systemd) -> None:
    """Say that we run, once subscribed; a broker that is away holds that up only for a while."""
    await _hears(subscriber)
    systemd.tell(READY="1")


async def _use_models(agent: Agent) -> NoReturn:
    """Load models once readings come, which nothing of theirs is to hold up; look after them."""
    await _hears(agent.subscriber)
    await agent.models.begin()
    settle()
    await agent.models.watch()


async def _hears(subscriber: Subscriber) -> None:
    """Wait for the broker, but not for one that is away."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            await subscriber.subscribed.wait()


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
