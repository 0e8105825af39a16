import itertools
import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from programs.collector import CollectorServer
from programs.edge_agent import EdgeAgent
from programs.mosquitto import Mosquitto
from programs.publisher import CountingPublisher


@dataclass
class WholePath:
    """One site, from the broker to the database, every part a real process."""

    broker: Mosquitto
    agent: EdgeAgent
    collector: CollectorServer
    database_url: str
    _numbers: itertools.count = field(default_factory=itertools.count)

    def panel(self):
        """A panel id that no test has had."""
        return f"PANEL-{next(self._numbers):03d}"

    def rows(self, panel):
        """Timestamps of a panel's stored readings, in order; % stands for anything."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute("SET timezone = 'UTC'")
            rows = connection.execute(
                'SELECT panel, to_char(time, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
                " FROM reading_raw JOIN panel USING (panel_key)"
                " WHERE panel LIKE %s ORDER BY time, panel",
                [panel],
            )
            return rows.fetchall()

    def count(self, panel):
        """How many readings of a panel are stored; % stands for anything."""
        with psycopg.connect(self.database_url) as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM reading_raw JOIN panel USING (panel_key) WHERE panel LIKE %s",
                [panel],
            ).fetchone()
            return count

    def quarantined(self, panel):
        """Reason and payload of what was published for a panel and quarantined, in order."""
        return self.in_outbox(
            "SELECT reason, payload FROM quarantine WHERE topic = ? ORDER BY id",
            f"sensors/{panel}/readings",
        )

    def in_outbox(self, query, *parameters):
        """What the agent's outbox file answers to a query."""
        file = self.agent.config.parent / "outbox.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as outbox:
            return outbox.execute(query, parameters).fetchall()

    def replays(self):
        """How many messages of the quarantine wait to be judged again."""
        return self.in_outbox("SELECT count(*) FROM replay")[0][0]

    def status(self):
        """What the agent last wrote about itself."""
        return json.loads((self.agent.config.parent / "status.json").read_text())

    @contextmanager
    def counting(self, rate=200):
        """Publish all the while, and at the end wait until the broker has everything."""
        publisher = CountingPublisher(self.broker.port, name=f"COUNTED-{next(self._numbers)}")
        try:
            publisher.start(rate=rate)
            yield publisher
            publisher.finish()
        finally:
            publisher.close()

    def run(self):
        """Start whatever a test has left stopped."""
        for part in (self.broker, self.collector, self.agent):
            if not part.process.runs:
                part.start()


@pytest.fixture(scope="session")
def one_path(tmp_path_factory, postgres_server):
    folder = tmp_path_factory.mktemp("path")
    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.database())
        broker = Mosquitto(folder / "mosquitto")
        stack.callback(broker.discard)
        collector = CollectorServer(folder / "collector", database_url=url)
        stack.callback(collector.discard)
        collector.command("site", "add", "alpha")
        agent = EdgeAgent(
            folder / "agent",
            site="alpha",
            mqtt_url=broker.url,
            collector=collector,
            settings={"buffer": {"spill_after_seconds": 0.2}},
        )
        stack.callback(agent.discard)
        broker.start()
        collector.start()
        agent.enroll()
        agent.start()
        yield WholePath(broker, agent, collector, url)


@pytest.fixture
def whole_path(one_path):
    """The whole path, running; tests share it, each with panels of its own."""
    one_path.run()
    return one_path
