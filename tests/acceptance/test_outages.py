"""Whatever stands between agent and collector: afterwards the rows are the published readings.

The patterns are those of a day: off and on for minutes. The short form lasts seconds and takes the
troubles in turn, the long form takes each through all patterns.
"""

import itertools
import json
import sys
import time
from contextlib import ExitStack

import psycopg
import pytest

from programs.collector import CollectorServer
from programs.edge_agent import EdgeAgent
from programs.mosquitto import Mosquitto
from programs.proxy import Proxy, Trouble
from programs.publisher import CountingPublisher
from programs.soak import SOAK

MINUTE = 2.0 if SOAK else 0.1
"""How many seconds stand for a minute."""
PATTERNS = [(5, 5)] * 5 + [(15, 15)] * 3 + [(30, 30)] * 2
RATE = 200
TROUBLES = [[trouble] for trouble in Trouble] if SOAK else [list(Trouble)]


class Site:
    """An agent whose way to the collector leads through a proxy."""

    def __init__(self, agent, *, broker, proxy, database_url):
        self.agent = agent
        self.broker = broker
        self.proxy = proxy
        self._database_url = database_url

    def rows(self, name):
        """Panel and time of each stored reading of a publisher."""
        with psycopg.connect(self._database_url) as connection:
            connection.execute("SET timezone = 'UTC'")
            return connection.execute(
                'SELECT panel, to_char(time, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
                " FROM reading_raw JOIN panel USING (panel_key) WHERE panel LIKE %s",
                [f"{name}-%"],
            ).fetchall()

    def status(self):
        """What the agent's status file says."""
        return json.loads(self.agent.config.with_name("status.json").read_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory, postgres_server):
    folder = tmp_path_factory.mktemp("outages")
    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.database())
        broker = Mosquitto(folder / "mosquitto")
        stack.callback(broker.discard)
        broker.start()
        collector = CollectorServer(folder / "collector", database_url=url)
        stack.callback(collector.discard)
        collector.start()
        collector.command("site", "add", "alpha")
        proxy = Proxy(collector.port)
        proxy.start()
        stack.callback(proxy.stop)
        agent = EdgeAgent(
            folder / "agent",
            site="alpha",
            mqtt_url=broker.url,
            collector=collector,
            settings={
                "upload": {"collector_url": proxy.url},
                "buffer": {"spill_after_seconds": 0.2},
            },
        )
        stack.callback(agent.discard)
        agent.enroll()
        agent.start()
        yield Site(agent, broker=broker, proxy=proxy, database_url=url)


@pytest.mark.soak
@pytest.mark.parametrize("troubles", TROUBLES, ids=lambda some: "-".join(t.value for t in some))
def test_outages_lose_nothing_and_store_nothing_twice(site, wait_until, capsys, troubles):
    publisher = CountingPublisher(site.broker.port, name=f"{len(troubles)}-{troubles[0].value}")
    turn = itertools.cycle(troubles)
    try:
        publisher.start(rate=RATE)
        for off, on in PATTERNS:
            site.proxy.be(next(turn))
            time.sleep(off * MINUTE)
            site.proxy.be(None)
            time.sleep(on * MINUTE)
        published = publisher.finish()
    finally:
        publisher.close()
    over = time.monotonic()
    try:
        wait_until(
            lambda: len(site.rows(publisher.name)) >= published,
            timeout=60,
            what=f"all {published} published readings are stored",
            every=0.1,
        )
    except AssertionError as error:
        found = f"{len(site.rows(publisher.name))} rows; {site.status()}"
        raise AssertionError(f"{error}; {found}; {site.agent.process.tail()}") from None
    drained = time.monotonic() - over
    with capsys.disabled():
        sys.stdout.write(f" {published} readings, drained {drained:.2f} s after the last ")
    rows = site.rows(publisher.name)
    assert len(rows) == published
    assert set(rows) == publisher.readings


def test_what_goes_over_the_link_is_counted(site, wait_until):
    """The proxy sees HTTP; TCP, IP and TLS are what the agent's count may be above it."""

    def counted():
        return site.status()["wire_bytes"], site.proxy.passed_bytes

    publisher = CountingPublisher(site.broker.port, name="WIRE")
    publisher.start(rate=RATE)
    try:
        wait_until(lambda: publisher.acknowledged > 15 * RATE, timeout=60)
        publisher.finish()
    finally:
        publisher.close()
    wait_until(lambda: len(site.rows("WIRE")) == len(publisher.readings), timeout=30)
    quiet = counted()
    wait_until(lambda: counted()[0] > quiet[0], timeout=60, what="the next report")
    ours, theirs = counted()
    assert 1.0 <= ours / theirs <= 1.5
