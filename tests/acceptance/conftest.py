import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass

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

    def rows(self, panel="%"):
        """Panel and timestamp of every stored reading, in the order of time."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute("SET timezone = 'UTC'")
            return connection.execute(
                'SELECT panel, to_char(time, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
                " FROM reading_raw JOIN panel USING (panel_key)"
                " WHERE panel LIKE %s ORDER BY time, panel",
                [panel],
            ).fetchall()

    def count(self):
        """How many readings are stored."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute("SELECT count(*) FROM reading_raw").fetchone()[0]

    def quarantined(self):
        """Reason and payload of everything in the agent's quarantine, in the order of arrival."""
        file = self.agent.config.parent / "outbox.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as outbox:
            return outbox.execute("SELECT reason, payload FROM quarantine ORDER BY id").fetchall()

    @contextmanager
    def counting(self, rate=200):
        """Publish all the while, and afterwards wait until exactly that is stored."""
        publisher = CountingPublisher(self.broker.port)
        try:
            publisher.start(rate=rate)
            yield publisher
            publisher.finish()
        finally:
            publisher.close()


@pytest.fixture
def whole_path(mosquitto, collector_server, edge_agent_process, postgres_url):
    broker = mosquitto()
    agent = edge_agent_process("alpha", broker.url, {"buffer": {"spill_after_seconds": 0.2}})
    return WholePath(broker, agent, collector_server, postgres_url)
