"""The whole path under a random killer: each part a process that somebody starts again, as systemd.

Nothing here asks the agent or the collector what they think they have: the publisher knows what it
published, the database what it holds.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg

from programs.collector import CollectorServer
from programs.edge_agent import EdgeAgent
from programs.mosquitto import EVERY_FEW_CHANGES, Mosquitto
from programs.postgres_process import PostgresProcess, postgres_process
from programs.publisher import CountingPublisher
from programs.waiting import wait_until

T = TypeVar("T")

RECOVERY_SECONDS = 120.0
"""How long the path may take, once left alone, to bring everything to the database."""

_PARTS = ("broker", "agent", "collector", "postmaster", "backend")
_PATIENT_SHARE = 0.35
_DOWN_SECONDS = 0.4
_RESTART_SECONDS = 0.3
_ROWS = (
    'SELECT panel, to_char(time, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\'), power_mw'
    " FROM reading_raw JOIN panel USING (panel_key)"
)
_ARRIVED = "SELECT EXISTS (SELECT FROM panel JOIN reading_raw USING (panel_key) WHERE time >= %s)"


@dataclass(frozen=True)
class Outcome:
    """What a crash loop left."""

    kills: Counter[str]
    """How often each part was killed."""
    exits: Counter[str]
    """How often a part ended by itself and was started again."""
    last_words: dict[str, str]
    """What such a part had said last."""
    published: int
    """Distinct readings that were published."""
    lost: int
    """Of these, how many the database does not hold, with their value."""
    doubled: int
    """Rows that the database holds twice."""
    foreign: int
    """Rows nobody published."""


@dataclass
class CrashingPath:
    """Broker, agent, collector and database, running."""

    broker: Mosquitto
    agent: EdgeAgent
    collector: CollectorServer
    postgres: PostgresProcess
    publisher: CountingPublisher
    kills: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    _last_words: dict[str, str] = field(default_factory=dict)
    _again_at: dict[str, float] = field(default_factory=dict)

    def crash(self, count: int, *, rng: random.Random) -> Outcome:
        """Kill so many random parts at random moments, let all recover, and compare."""
        self.publisher.start(rate=200)
        self._until(lambda: self._arrived(0), what="the first reading is stored")
        while self.kills.total() < count:
            self._random_moment(rng)
            self._kill(rng.choice(_PARTS), rng=rng)
        self._until(lambda: not self._again_at, what="all run")
        self._until(self._all_acknowledged(), what="the broker acknowledges everything")
        published = self.publisher.published
        with contextlib.suppress(AssertionError):  # the outcome says how many are not there
            self._until(lambda: self._count() >= published, what="all is stored", every=0.2)
        return self._outcome()

    def _random_moment(self, rng: random.Random) -> None:
        """Let time pass, at times until what is published now has gone the whole way."""
        if rng.random() < _PATIENT_SHARE:
            number = self.publisher.published
            self._until(lambda: self._arrived(number), what=f"reading {number} is stored")
        moment = time.monotonic() + rng.uniform(0, 0.5)
        self._until(lambda: time.monotonic() > moment, what="the random moment")

    def _kill(self, part: str, *, rng: random.Random) -> None:
        """Kill a part if it runs; it is started again a little later."""
        if part == "backend":
            if self.postgres.process.runs and self.postgres.kill_backend(rng):
                self.kills[part] += 1
            return
        owner = self._owner(part)
        if not owner.process.runs:
            return
        owner.kill()
        self.kills[part] += 1
        if part == "broker":
            self.publisher.distrust(since=self.broker.saved_at())
        self._again_at[part] = time.monotonic() + rng.uniform(0, _DOWN_SECONDS)

    def _until(self, condition: Callable[[], T], *, what: str, every: float = 0.05) -> T:
        """Wait for a condition, and meanwhile start again whatever has ended."""

        def tended() -> T:
            self._tend()
            return condition()

        return wait_until(tended, timeout=RECOVERY_SECONDS, what=what, every=every)

    def _tend(self) -> None:
        for part in ("broker", "agent", "collector", "postmaster"):
            owner = self._owner(part)
            if owner.process.runs:
                continue
            if part not in self._again_at:
                self.exits[part] += 1
                self._last_words[part] = owner.process.last_words()
                self._again_at[part] = time.monotonic() + _RESTART_SECONDS
            if time.monotonic() >= self._again_at[part]:
                del self._again_at[part]
                owner.launch()

    def _owner(self, part: str) -> Mosquitto | EdgeAgent | CollectorServer | PostgresProcess:
        owners = {"broker": self.broker, "agent": self.agent, "collector": self.collector}
        return owners.get(part, self.postgres)

    def _all_acknowledged(self) -> Callable[[], bool]:
        self.publisher.stop()
        return self.publisher.complete

    def _arrived(self, number: int) -> bool:
        return bool(self._ask(_ARRIVED, self.publisher.time_of(number), default=False))

    def _count(self) -> int:
        return self._ask("SELECT count(*) FROM reading_raw", default=0)

    def _ask(self, query: str, *values: object, default: T) -> T:
        try:
            with psycopg.connect(self.postgres.url, connect_timeout=5) as connection:
                (answer,) = connection.execute(query, values).fetchone()
                return answer
        except psycopg.OperationalError:
            return default

    def _outcome(self) -> Outcome:
        with psycopg.connect(self.postgres.url) as connection:
            connection.execute("SET timezone = 'UTC'")
            rows = connection.execute(_ROWS).fetchall()
        published = self.publisher.values
        stored = set(rows)
        return Outcome(
            kills=self.kills,
            exits=self.exits,
            last_words=self._last_words,
            published=len(published),
            lost=len(published - stored),
            doubled=len(rows) - len({(panel, moment) for panel, moment, _ in rows}),
            foreign=len(stored - published),
        )


@contextlib.contextmanager
def crashing_path(folder: Path) -> Iterator[CrashingPath]:
    """Start all parts."""
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(postgres_process())
        broker = Mosquitto(folder / "mosquitto", extra=EVERY_FEW_CHANGES)
        stack.callback(broker.discard)
        collector = CollectorServer(folder / "collector", database_url=postgres.url)
        stack.callback(collector.discard)
        collector.start()
        collector.command("site", "add", "alpha")
        settings = {"buffer": {"spill_after_seconds": 0.2}}
        agent = EdgeAgent(
            folder / "agent",
            site="alpha",
            mqtt_url=broker.url,
            collector=collector,
            settings=settings,
        )
        stack.callback(agent.discard)
        broker.start()
        agent.enroll()
        agent.start()
        publisher = CountingPublisher(broker.port)
        stack.callback(publisher.close)
        yield CrashingPath(broker, agent, collector, postgres, publisher)
