import asyncio
import time
from datetime import UTC, datetime, timedelta

from models.simulator.run import Plan, Run
from models.simulator.simulation import Simulation
from models.simulator.site import Site


class SlowSink:
    """Takes its time for what is older than ``start``, and notes how late the rest comes."""

    def __init__(self, start, *, seconds):
        self._start_us = start.timestamp() * 1e6
        self._left = seconds
        self.late_seconds = []

    async def run(self, **_):
        await asyncio.Event().wait()

    async def send(self, message):
        if message.due_us < self._start_us:
            await asyncio.sleep(self._left)
            self._left = 0
        else:
            self.late_seconds.append(time.time() - message.due_us / 1e6)

    async def drain(self):
        pass


async def test_live_comes_at_its_time_however_long_the_history_took(module):
    start = datetime.now(UTC)
    plan = Plan(start=start, duration=timedelta(seconds=2.5), history=timedelta(minutes=5))
    sink = SlowSink(start, seconds=1.5)

    await Run(Simulation(Site(panels=1), module=module), plan=plan, sink=sink).until(
        asyncio.Event()
    )

    assert min(sink.late_seconds) < 0.5
