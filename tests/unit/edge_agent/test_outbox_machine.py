"""Whatever happens to an outbox, in any order: each reading is there, receipted or declared lost.

Hypothesis makes up the order; the account in `tests/faults` knows every reading.
"""

import asyncio
import contextlib
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge_agent.errors import OutboxFullError
from edge_agent.lane import Lane
from edge_agent.outbox import Limits, open_outbox
from faults.account import Account, contents
from faults.station import SECOND_US, Station
from programs.soak import SOAK, rounds
from shared.losses import LossReason

# Nothing here is about the disk: test_power_cuts.py is.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
DAY_US = 86_400 * SECOND_US
START_US = 1_780_000_000 * SECOND_US
MAX_BYTES = 20_000_000


class Tally:
    """What all examples together have tried."""

    def __init__(self):
        self.examples = 0
        self.readings = 0


class OutboxMachine(RuleBasedStateMachine):
    """One outbox over runs, crashes and full disks."""

    tally = Tally()

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="heliograph-machine-", dir=MEMORY))
        self.runner = asyncio.Runner()
        self.account = Account()
        self.rng = random.Random(0)
        self.now_us = START_US
        self.clock_is_right = True
        self.runs = 0
        self.path = self.folder / "0" / "outbox.db"
        self.open()

    def open(self):
        """Begin a run of the agent."""
        limits = Limits(max_bytes=MAX_BYTES, clock_is_right=lambda: self.clock_is_right)
        self.opened = open_outbox(self.path, max_bytes=MAX_BYTES, spill_after=60, limits=limits)
        self.outbox = self.runner.run(self.opened.__aenter__())
        self.station = Station(self.outbox, self.account, rng=self.rng)
        self.full = False

    def close(self):
        """End it without a word to the collector; what is in memory is nobody's any more."""
        self.runner.run(self.opened.__aexit__(None, None, None))

    def teardown(self):
        self.check()
        self.tally.examples += 1
        self.tally.readings += self.account.at_stake()
        self.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    @rule(readings=st.integers(1, 200), panels=st.integers(1, 3), alert=st.booleans())
    def put(self, readings, panels, alert):
        self.now_us += readings // panels * SECOND_US
        self.runner.run(
            self.station.put(readings=readings, panels=panels, now_us=self.now_us, alert=alert)
        )

    @rule()
    def spill(self):
        self.runner.run(self.outbox.spill())

    @rule(away=st.booleans())
    def the_collector_comes_or_goes(self, away):
        self.runner.run(self.outbox.collector_is(away=away))

    @precondition(lambda self: len(self.station.parcels) < 2)
    @rule(lane=st.sampled_from(Lane), max_bytes=st.sampled_from([1, 3_000, 100_000]))
    def take(self, lane, max_bytes):
        self.runner.run(self.station.take(lane, max_bytes=max_bytes))

    @rule(seconds=st.sampled_from([10, 1_000, 1_000_000]))
    def somebody_asks_again(self, seconds):
        """What was set aside of that time goes back into the line, what waits goes first."""
        self.unless_full(self.outbox.put_first(self.now_us - seconds * SECOND_US, self.now_us))

    @precondition(lambda self: self.station.parcels)
    @rule(last=st.booleans(), refused=st.sampled_from([0, 0, 1, 2]))
    def receipt(self, last, refused):
        self.runner.run(self.station.receipt(-1 if last else 0, refused=refused))

    @precondition(lambda self: self.station.parcels)
    @rule(last=st.booleans())
    def lost_receipt(self, last):
        self.station.lose_receipt(-1 if last else 0)

    @rule()
    def crash(self):
        """Go on with the files as they are at this moment; the old run never closes them."""
        folder = self.folder / f"{self.runs + 1}"
        folder.mkdir()
        for name in ("outbox.db", "outbox.db-wal"):
            if self.path.with_name(name).exists():
                shutil.copy(self.path.with_name(name), folder)
        self.close()
        self.begin(folder / "outbox.db")

    @rule()
    def reopen(self):
        self.close()
        self.begin(self.path)

    def begin(self, path):
        """Begin another run; what came to nobody's ears was kept by the broker."""
        self.runs += 1
        self.path = path
        self.open()

    @precondition(lambda self: not self.full)
    @rule()
    def the_disk_is_full(self):
        self.limit_pages(1)  # SQLite takes the number there are, if that is more
        self.full = True

    @precondition(lambda self: self.full)
    @rule()
    def the_disk_has_room_again(self):
        self.limit_pages(MAX_BYTES // 1024)
        self.full = False

    def limit_pages(self, pages):
        """Limit the file as a full disk would."""
        statement = f"PRAGMA max_page_count = {pages}"
        self.runner.run(self.outbox._file.read(statement))

    @rule(days=st.sampled_from([-400, -1, 1, 30, 400]), right=st.booleans())
    def the_clock_jumps(self, days, right):
        self.now_us += days * DAY_US
        self.clock_is_right = right

    @rule(seconds=st.sampled_from([100, 400]))
    def time_passes(self, seconds):
        """What came, came so much earlier: neighbours are merged by when they came."""
        earlier = f"UPDATE segment SET created_us = created_us - {seconds * SECOND_US}"
        self.runner.run(self.outbox._file.write((earlier, [()])))

    @rule()
    def tidy(self):
        now = self.now_us / 1e6
        self.runner.run(self.outbox.tidier.tidy(full=self.outbox.full, now=lambda: now))

    @rule(size_bytes=st.sampled_from([1, 5_000, 100_000]))
    def thin(self, size_bytes):
        self.unless_full(self.outbox.tidier.shedder.thin(size_bytes=size_bytes, now_us=self.now_us))

    @rule(size_bytes=st.sampled_from([1, 2_000, 20_000]))
    def evict(self, size_bytes):
        self.unless_full(
            self.outbox.tidier.shedder.evict(
                size_bytes=size_bytes, reason=LossReason.OVER_SIZE, now_us=self.now_us
            )
        )

    def unless_full(self, step):
        """Do something; without room to note it, nothing may change."""
        with contextlib.suppress(OutboxFullError):
            self.runner.run(step)

    @invariant()
    def check(self):
        """Every flush that was acknowledged is in one place, and what the outbox counts is so."""
        self.station.settle()
        found = contents(self.path)
        self.account.check(found)
        stock = self.outbox.shelf.stock
        assert (stock.segments, stock.rows) == found.waiting
        assert self.outbox.shelf.set_aside_segments == found.set_aside


@pytest.mark.soak
def test_each_reading_is_in_the_outbox_receipted_or_declared_lost_exactly_once(proof):
    OutboxMachine.tally = Tally()
    run_state_machine_as_test(
        OutboxMachine,
        settings=settings(
            max_examples=rounds(40, soak=3_000),
            stateful_step_count=rounds(35, soak=80),
            deadline=None,
            database=None,
            derandomize=not SOAK,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tally = OutboxMachine.tally
    proof(
        "outbox under a random order of events",
        cases=tally.examples,
        readings=tally.readings,
        lost=0,
    )
