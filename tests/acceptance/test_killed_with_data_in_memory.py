"""An agent is killed while the collector answers, and holds data nowhere but in its memory."""

import json

import psycopg
import pytest

from programs.proxy import Proxy
from programs.publisher import CountingPublisher


@pytest.fixture
def proxy(collector_server):
    proxy = Proxy(collector_server.port)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def rows(postgres_url):
    """`rows()`: panel and time of all that is stored."""

    def rows():
        with psycopg.connect(postgres_url) as connection:
            connection.execute("SET timezone = 'UTC'")
            return connection.execute(
                'SELECT panel, to_char(time, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
                " FROM reading_raw JOIN panel USING (panel_key)"
            ).fetchall()

    return rows


def test_what_only_its_memory_had_comes_again_and_is_outstanding_no_more(
    mosquitto, collector_server, proxy, edge_agent_process, rows, wait_until
):
    broker = mosquitto()
    settings = {"upload": {"collector_url": proxy.url}, "buffer": {"spill_after_seconds": 60}}
    agent = edge_agent_process("alpha", broker.url, settings)
    publisher = CountingPublisher(broker.port)

    def account():
        (gateway,) = collector_server.get("/api/gateways")
        return gateway["outstanding"], gateway["unacknowledged"]

    def idle():
        status = json.loads(agent.config.with_name("status.json").read_text())
        return status["collector_there"] and not status["outbox_rows"] + status["waiting_rows"]

    try:
        publisher.publish(10)
        wait_until(lambda: len(rows()) == 10 and idle(), timeout=60, what="the agent is online")
        assert account() == (0, 0)
        proxy.swallow_next()
        publisher.publish(10)
        wait_until(proxy.swallowed.is_set, timeout=60, what="a flush goes nowhere")
        publisher.publish(10)
        wait_until(lambda: account()[0] > 0, timeout=60, what="later ones arrive")
        assert len(rows()) < publisher.published

        agent.kill()
        agent.start()

        published = publisher.finish()
        wait_until(lambda: len(rows()) >= published, timeout=60, what="what had not arrived")
        wait_until(lambda: account()[0] == 0, timeout=60, what="nothing is outstanding")
    finally:
        publisher.close()
    assert account()[1] > 0
    assert len(rows()) == publisher.published
    assert set(rows()) == publisher.readings
