"""Drains a queue of readings at the broker, pinned to one core, and prints how long it took.

Run as `python subscribers.py bare|agent PORT COUNT FOLDER`; the messages already wait in the
session of client `heliograph-<kind>`, so no publisher competes for the cores.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import gmqtt
import msgspec
import numpy as np
import uvloop

from edge_agent.assembly import assembled
from edge_agent.config import pace_of
from edge_agent.configfile import parse_config
from edge_agent.memory import seldom_look_for_cycles
from edge_agent.pipeline import deliver, keep
from edge_agent.scheduler import LANES
from shared.messages import ReadingMessage

FLUSH_SECONDS = 0.02
"""How long the bare subscriber gathers before it acknowledges."""


async def bare(port, count):
    """Decode by msgspec, acknowledge after a flush: the least that any agent has to do."""
    decode = msgspec.json.Decoder(ReadingMessage).decode
    batch, event, done = [], asyncio.Event(), asyncio.Event()
    seen, started = 0, None

    async def on_message(_client, _topic, payload, _qos, _properties):
        nonlocal seen, started
        if started is None:
            started = now()
        batch.append(decode(payload))
        settled = event
        await settled.wait()
        seen += 1
        if seen == count:
            done.set()
        return 0

    client = gmqtt.Client(
        "heliograph-bare",
        clean_session=False,
        optimistic_acknowledgement=False,
        session_expiry_interval=0xFFFFFFFF,
        receive_maximum=pace_of(config_of(0, Path()).upload).receive_maximum,
    )
    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    while not done.is_set():
        await asyncio.sleep(FLUSH_SECONDS)
        batch.clear()
        event.set()
        event = asyncio.Event()
    elapsed = now() - started
    await client.disconnect()
    return elapsed


async def agent(port, count, folder):
    """Run the agent's own stages, the collector away: every flush is a commit on disk."""
    seldom_look_for_cycles()
    async with assembled(config_of(port, folder)) as whole:
        stages, started = whole.stages, None
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(work)
                for work in (
                    keep(stages),
                    *(deliver(stages) for _ in range(LANES)),
                    stages.outbox.spill_when_due(),
                    stages.detection.forget_cleared(),
                    whole.subscriber.run(),
                    whole.subscriber.acknowledge(),
                )
            ]
            while stages.counts.readings < count or len(stages.outbox.waiting):
                if started is None and stages.intake.received:
                    started = now()
                await asyncio.sleep(0.005)
            elapsed = now() - started
            await asyncio.sleep(0.5)
            for task in running:
                task.cancel()
        return elapsed


def now():
    """Return the time, and the processor time of this process, in seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def config_of(port, folder):
    """Return the agent's configuration; nothing listens where its collector should be."""
    return parse_config(
        f'[site]\nid = "agent"\n[mqtt]\nurl = "mqtt://127.0.0.1:{port}"\n'
        '[upload]\ncollector_url = "http://127.0.0.1:9"\n'
        f'[buffer]\npath = "{folder}/outbox.db"\n[identity]\npath = "{folder}/identity.pem"\n'
    )


def main():
    """Print the seconds it took, and the seconds of processor time."""
    kind, port, count, folder = sys.argv[1:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work = bare(int(port), int(count)) if kind == "bare" else agent(
        int(port), int(count), Path(folder)
    )  # fmt: skip
    print(*uvloop.run(work))


if __name__ == "__main__":
    main()
